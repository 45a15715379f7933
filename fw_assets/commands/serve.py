"""Command that serves the embedded platform, and the workspace's files to a browser of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fw_assets.classification.dataset_reference import is_url
from fw_assets.console import echo, echo_json
from fw_assets.embedded import secret_in
from fw_assets.embedded import serve as serve_platform
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.platform.platform import rehearse_prices
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.settings import settings
from fw_assets.workspace.file_server import URL_PREFIX, file_server
from fw_assets.workspace.workspace import Workspace

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    workspace: str,
    host: str,
    port: int | None,
    prices: Path | None,
    *,
    tls: tuple[Path, Path] | None = None,
    as_json: bool,
) -> int:
    """Serve until interrupted."""
    if prices is not None:
        rehearse_prices(prices)
    port = port or settings().fw_port
    shown_host = f"[{host}]" if ":" in host else host
    address = f"{'https' if tls else 'http'}://{shown_host}:{port}"
    # Reports hold the dataset's text: they are served to this machine only.
    token = None if is_url(workspace) or host not in LOOPBACK else link_token(workspace)
    reports = None if token is None else f"{address}{URL_PREFIX}/?token={token}"

    def mounts(key: str) -> Mapping[str, ASGIApp]:
        if as_json:
            echo_json({"platform": address, "reports": reports})
        if token is None:
            return {}
        echo(f"Reports: {reports}", to_stderr=True)
        start = command(Workspace(workspace), "run", "FILE", "--model", "MODEL", anywhere=True)
        return {URL_PREFIX: file_server(Path(workspace), token, keys=[key], start=start)}

    with contextlib.suppress(KeyboardInterrupt):  # also before the server handles it
        serve_platform(settings().platform_home, host=host, port=port, tls=tls, mounts=mounts)
    return DONE


def show_ui(url: str) -> None:
    """Print the object of a UI that answers."""
    echo_json({"ui": url})


def link_token(workspace: str) -> str:
    """The token that links to the files of a local workspace hold; created at first use."""
    return secret_in(Path(workspace) / ".link_token")
