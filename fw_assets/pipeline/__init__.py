"""Dagster pipeline: how datasets go from a file to a deployed model and its report.

`asset_table` lists the assets and `phases` decides which are due: start there. `assets` has one module for each;
`automation` starts them from Dagster's daemon, `runner` from the command line. `evaluation`, `platform`,
`registration`, `budget` and `reporting` do the work, `ui` makes what Dagster's pages show, `values` is what assets
store. Import modules, not this package; arrows go from `assets`, `automation` and `runner` down, never back.
"""
