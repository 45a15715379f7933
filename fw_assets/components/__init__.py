"""Definitions of the workflow for Dagster: of this package's own code location, and of projects that have it in theirs.

`workflow_definitions` makes them of one instance. May import `pipeline`; the code location imports from here.
"""
