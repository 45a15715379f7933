"""Files, growing logs and locks of a run, on disk or behind an fsspec URL. No Dagster, no HTTP client.

Import `workspace.Workspace` for typed values, text and logs; `frames`, `batches`, `dataset_rows` and `predictions` for
rows that need not fit in memory; `slots` for so many holders at a time; `file_server` to show the files in a browser.
The other modules are its parts.
`object_log`, `conditional_put` and `lease` are the half for object stores, which is experimental: tested on an
S3-compatible server on loopback, not on a real store. Nothing here imports from `pipeline`, and of `classification`
only values, errors and the columns of stored rows.
"""
