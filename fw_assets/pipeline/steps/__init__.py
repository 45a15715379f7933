"""What the functions of assets have in common: their definition, the step of a cell, retries, and training jobs.

Import `asset_definition.pipeline_asset` to define an asset, `cell_step` for one of a model in a dataset, `retries` for
errors that a person can read, `training` for jobs that are paid. May import every room but assets, automation and
runner.
"""
