"""The guarded UI: Dagster's webserver behind a check of who asks.

Lives here: `guard`, an ASGI middleware that knows nothing of Dagster, and `server`, the entry point that puts it in
front of Dagster's app. Only `commands` starts it. Nothing here may import the pipeline: a webserver needs no phase.
"""
