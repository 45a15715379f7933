"""Catalogue: base models as a platform lists them, tuning grids, and the ids of what the workflow creates.

Values and pure functions; listing the models of a platform is the pipeline's part. May import `errors`, `values`,
`model_endpoint` and `session`.
"""
