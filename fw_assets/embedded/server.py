"""The platform over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from fw_assets.embedded.app import create_app
from fw_assets.embedded.records.price_list import rehearse_prices
from fw_assets.embedded.store.secret_files import api_key

DEFAULT_PORT = 8432


def serve(
    home: Path,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    prices: Path | None = None,
    beside: Mapping[str, ASGIApp] | None = None,
    log_level: str = "warning",
) -> None:
    """Serve the platform in `home` until interrupted; loopback unless told otherwise.

    The key is printed to standard error when this start made it, and never again. `prices` is a price list to
    rehearse with. `beside` are applications at paths of their own, which know nothing of the platform.

    Raises:
        ValueError: the price list cannot be read.
        SystemExit: the port is taken.
    """
    import uvicorn

    if prices is not None:
        rehearse_prices(home, prices)
    first = not (home / "api_key").exists()
    key = api_key(home)
    if first:
        print(f"API key (shown once, kept in {home / 'api_key'}): {key}", file=sys.stderr)
    print(f"Embedded platform on http://{host}:{port}", file=sys.stderr)
    app = create_app(home)
    if beside:
        app = Starlette(routes=[*(Mount(path, other) for path, other in beside.items()), Mount("/", app)])
    uvicorn.run(app, host=host, port=port, log_level=log_level, access_log=False, lifespan="off")
