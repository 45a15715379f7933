"""Platform that models run on: the Fireworks service, or the embedded platform that speaks the same API.

Import `platform` for connections, `catalogue` for models and prices, `fine_tuning` for training jobs. Only this room
constructs a client and knows the embedded platform: everyone else is handed a client by `Platform.call`, and imports
from `fw_assets.fireworks` the types, specifications and errors of its calls. May import progress, values, settings and
the domain; no other room, no Dagster.
"""
