"""Plan: what a person approves, how it is made, and how it differs from another one.

`plan` is the value and its digest, `planner` makes it, `self_approval` is the only rule by which it needs no person.
Imports `catalogue`, `cost`, `labels` and `selection`; nothing in this package imports it.
"""
