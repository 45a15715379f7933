"""Workspace that a command works on, from its option or the settings."""

from __future__ import annotations

from pathlib import Path

from fw_assets.settings import set_workspace, settings


def workspace_root(option: str | None) -> str:
    """The workspace's root, from the option or the settings; made absolute for the processes that are started."""
    if option:
        set_workspace(option)
    root = settings().workspace_root
    set_workspace(root)
    return root


def start_loading(option: str | None, dataset: str | None) -> str:
    """The workspace's root; starts to load the program in the background if there is likely something to run."""
    from fw_assets.code_location import CODE_LOCATION
    from fw_assets.pipeline.runner.fork_server import start_in_background

    root = workspace_root(option)
    name = Path(dataset or "").stem
    if not (name and Path(root, name, "report.json").exists()):
        start_in_background(CODE_LOCATION)
    return root
