"""Money of an approved plan: reserved before anything starts, paid afterwards, never above the approved ceiling.

Import `account.PlanAccount` for the ledger of a plan, `payment.open_payment` for something that is about to cost money,
`attempts.Attempts` for the id under which something is created that may have failed before,
`regression_account` for checks outside every plan; `ledger_log` and `line_prices` are their parts. May import errors,
values, the workspace and the domain; no other room, no Dagster.
"""
