"""Values that assets store in the workspace and read from it: frozen, and JSON on disk, so fields keep their names.

Import each from its module: `registration`, `approval`, `evaluation`, `tuning`, `delivery`. They build on the domain's
own values; nothing here reads or writes files. May import run_config and the domain; no other room, no Dagster.
"""
