"""One workflow among those of a Dagster deployment: its names, and functions bound to them.

`instance` has the value that everything is named by, `binding` gives functions the resources of their instance.
Imports no other room.
"""
