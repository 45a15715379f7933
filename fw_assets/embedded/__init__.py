"""The embedded platform: the Fireworks REST API, server side, over real models that run on this machine.

    create_app(home)   the ASGI app; state is SQLite and files under `home`
    api_key(home)      the key that requests must carry, made at first use
    counts(home)       how many resources of each kind exist, and how many inference requests were served
    serve(home)        the same app over HTTP on loopback
    ACCOUNT            the account id of this platform

Several processes may use one home at once: servers in-process and over HTTP, and the job workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fw_assets.embedded.store.resource_ids import ACCOUNT

if TYPE_CHECKING:
    from fw_assets.embedded.app import create_app
    from fw_assets.embedded.server import serve
    from fw_assets.embedded.store.secret_files import api_key
    from fw_assets.embedded.store.usage_counter import counts

__all__ = ["ACCOUNT", "api_key", "counts", "create_app", "serve"]

_HOMES = {
    "create_app": "app",
    "counts": "store.usage_counter",
    "api_key": "store.secret_files",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    # Those who only want the key or the counts must not pay for the web framework.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
