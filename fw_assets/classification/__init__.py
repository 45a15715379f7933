"""The domain of text classification: datasets, labels, splits, prompts, metrics, selection, cost and plan.

Pure functions over frozen values; no Dagster, no HTTP client, and none of the other packages. The modules at this
level (`values`, `errors`, `intervals`, `yaml_file`, `session`, `session_fields`) may be imported from every room; the
rooms import each other only downwards, as `python -m scripts.import_floors classification` shows.
"""
