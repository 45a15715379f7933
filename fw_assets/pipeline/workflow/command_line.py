"""Command lines of this program as messages print them: what they say can be pasted into a shell."""

from __future__ import annotations

import shlex

from fw_assets.settings import is_shell_workspace
from fw_assets.workspace.workspace import Workspace


def command(store: Workspace, *words: str, anywhere: bool = False) -> str:
    """`fw-assets run tickets --approve`, with `--workspace` where the user's shell would name another by itself.

    Args:
        anywhere: it is read elsewhere than in the shell at work, as in a file or an alert: the workspace is named.
    """
    place = ("--workspace", store.root) if anywhere or not is_shell_workspace(store.root) else ()
    return shlex.join(("fw-assets", *words, *place))
