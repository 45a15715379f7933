"""Prediction: the deployed winner labels a file of rows that nobody has labelled.

`label_file.label_file` does it for the command line, and for any asset that wants it. `served` is what is asked,
`quote` what it may cost, `labelled_rows` the columns that come to those of the file. May import budget, evaluation,
planning's platform, registration's sources, values, the workspace and the domain; no assets, no Dagster.
"""
