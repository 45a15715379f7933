"""The guarded UI: Dagster's webserver behind a check of who asks, and the processes that go with it.

Lives here: `guard`, an ASGI middleware that knows nothing of Dagster; `server`, which puts it in front of Dagster's
app; `services`, which `fw-assets ui` starts: code server, webserver, daemon and embedded platform. Nothing here may
import the pipeline: a webserver needs no phase.
"""
