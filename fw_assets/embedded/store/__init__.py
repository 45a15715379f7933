"""State of an embedded platform: one SQLite file of resource documents, secrets and other files in its home folder.

Import `embedded_platform` for the state as a whole, `documents` and `resource_names` for resources, `faults` for
failures on demand. Nothing here knows of HTTP, or of what the fields of a document mean.
"""
