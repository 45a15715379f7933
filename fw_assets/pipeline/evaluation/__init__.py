"""Evaluation: asking one model for every row, storing its answers, and scoring them.

Import `evaluate` for a whole evaluation, or `online.ask` with a `response_cache` for single prompts and rows;
`endpoint` says where a model answers. `batch`, `strategy`, `request_set`, `concurrency` and `robustness` are their
parts. May import budget, platform, progress, values, the workspace and the domain; no assets, no Dagster.
"""
