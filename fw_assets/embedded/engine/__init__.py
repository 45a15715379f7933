"""The embedded models: scoring, fine-tuning and storage, on numpy, scipy and onnxruntime.

Import `registry` (the base models), `scorers` (loading and asking), `training` and `training_spec`, `turns` and
`errors`; what is in `features/` concerns the engine alone. Nothing here knows of HTTP, jobs or the database.
"""
