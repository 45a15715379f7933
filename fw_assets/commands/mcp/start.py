"""Command that starts the MCP server, or says what it lacks."""

from __future__ import annotations

from importlib.util import find_spec

from fw_assets.classification.errors import input_error
from fw_assets.commands.mcp.spending import spending
from fw_assets.pipeline.platform.catalogue import own_prices
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.workspace.workspace import Workspace


def start(
    root: str,
    port: int | None,
    *,
    allow: bool,
    max_usd: float | None,
    as_json: bool,
    make_pool: PoolFactory | None = None,
) -> int:
    """Serve until the client has gone, or until interrupted.

    Raises:
        InputError: the options do not fit each other, or the SDK is not installed.
    """
    rule = spending(allow, max_usd)
    if as_json and port is None:
        raise input_error(
            "standard output is the protocol's own", field="--json", advice="Leave it out, or serve over HTTP: --port"
        )
    if find_spec("mcp") is None:
        raise input_error(
            "the MCP SDK is not installed", kind="missing-package", advice="Install it: pip install 'fw-assets[mcp]'"
        )
    Workspace(root).datasets()  # what cannot be a workspace is said here, and not by the first tool
    own_prices()
    platform_from_environment()
    from fw_assets.commands.mcp.server import serve

    return serve(root, rule, port, as_json=as_json, make_pool=make_pool)
