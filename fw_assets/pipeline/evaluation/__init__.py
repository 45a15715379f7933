"""Evaluation: asking one model for every row, storing its answers, and scoring them.

Import `candidate.evaluate` for a whole evaluation, or `online.ask` with a `response_cache` for single prompts and rows;
`endpoint` says where a model answers, `winner_deployment` and `removed_deployment` whether it still does.
`serving_proof` and `regression` ask a deployment again. `batch`, `strategy`, `request_set`, `concurrency` and
`robustness` are parts. May import approvals, budget, planning, platform, progress, values, the workspace and the
domain; no assets, no Dagster.
"""
