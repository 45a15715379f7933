"""Command line `fw-assets`: its commands and their arguments; `commands` does their work."""

from fw_assets.cli import phases, platform_models, results, servers  # each adds its commands to the program
from fw_assets.cli.program import main

__all__ = ["main", "phases", "platform_models", "results", "servers"]
