"""HTTP below the endpoints: how a handler is called, lists, signed URLs, file transfer, and the middleware around all.

Endpoints and `routes` import from here; nothing here knows a collection of resources.
"""
