"""The embedded platform over HTTP."""

from __future__ import annotations

import contextlib
import ssl
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from fw_assets.embedded.app import create_app
from fw_assets.embedded.early_import import import_early
from fw_assets.embedded.records.price_list import rehearse_prices
from fw_assets.embedded.store.secret_files import api_key, signing_key
from fw_assets.ports import listener

DEFAULT_PORT = 8432


def serve(
    home: Path,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    *,
    prices: Path | None = None,
    tls: tuple[Path, Path] | None = None,
    mounts: Callable[[str], Mapping[str, ASGIApp]] | None = None,
    log_level: str = "warning",
) -> None:
    """Serve the platform in `home` until interrupted, on loopback by default.

    The key is printed to standard error by the start that creates it, and never again.

    Args:
        prices: a price list to rehearse with.
        tls: files of the certificate, with those that it follows from, and of its key.
        mounts: given the platform's key, further applications by path.

    Raises:
        ValueError: the price list cannot be read.
        OSError: the port, the certificate or its key cannot be used, or a key is broken.
    """
    import uvicorn

    if prices is not None:
        rehearse_prices(home, prices)
    if tls is not None:
        _check_certificate(*tls)
    is_first_start = not (home / "api_key").exists()
    key = api_key(home)
    signing_key(home)  # a broken one is told at the start, and not by the first upload
    if is_first_start:
        print(f"API key (shown once, kept in {home / 'api_key'}): {key}", file=sys.stderr)
    served = listener(host, port, "--port or FW_PORT")
    print(f"Embedded platform on {'https' if tls else 'http'}://{host}:{port}", file=sys.stderr)
    app = create_app(home)
    if mounts:
        app = Starlette(routes=[*(Mount(path, mounted) for path, mounted in mounts(key).items()), Mount("/", app)])
    certificate, key_file = tls or (None, None)
    config = uvicorn.Config(
        app,
        log_level=log_level,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key_file,
    )
    import_early()
    with served, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[served])


def _check_certificate(certificate: Path, key: Path) -> None:
    """Raise where TLS cannot be spoken with these files, before anybody is told that it is."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise OSError(
            f"the certificate {certificate} with the key {key} cannot be used ({reason or error}): both are PEM files, "
            "and belong together"
        ) from None
