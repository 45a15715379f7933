"""Pages of Dagster's UI: asset metadata and the results of asset checks, made from stored values.

Import `metadata` for tables, charts, links and summaries, `*_checks` for check results, `score_metadata`,
`plan_metadata` and `histograms` for single assets. Text of datasets and models is shown in tables alone, which escape
it. May import asset_table, run_config, values, evaluation and the report; nothing here reads the platform or decides.
"""
