"""Automation: what Dagster's daemon starts by itself, and the jobs that a person starts with one click.

`sensors` has the sensors, `schedules` and `upkeep_jobs` what the clock starts, `one_click_jobs` the
launchpads; `inbox`, `platform_scan`, `scan`, `polling` and `workspace_snapshot` are their parts. May import every room
but assets; only the code location imports from here, and the command line `workspace_snapshot`.
"""
