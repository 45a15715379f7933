"""Reports from the workspace: stored values become the report's own model, which `fw_assets.report` renders.

Import `run_report` for a finished run, `partial_report` for one that the ceiling ended, `evaluated_models` and
`compare` for any two models of a workspace; `diagnostics`, `sweep_cells` and `provenance` are their parts. May import
approvals, budget, phases, platform, values and the report; no assets, no Dagster.
"""
