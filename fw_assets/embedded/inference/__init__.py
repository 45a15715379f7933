"""From a chat request to its completion: routing to a model, the constraint of the answer, scoring, token counts.

Endpoints and batch jobs import `chat_request`, `routing`, `chat_completion` and `token_counts`. All functions here are
synchronous except for `micro_batcher`, and none knows of HTTP.
"""
