"""Handlers of the HTTP API, one module per collection of resources.

Only `routes` imports from here. A handler checks its request, reads and writes documents, and returns what the API
shows; what job workers or routing need as well belongs in `records/`.
"""
