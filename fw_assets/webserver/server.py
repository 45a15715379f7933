"""Dagster's webserver behind the guard: `python -m fw_assets.webserver.server` takes `dagster-webserver`'s own options.

The policy comes from the settings `FW_UI_HOSTS`, `FW_UI_PASSWORD`, `FW_UI_PROXY_HEADER` and `FW_UI_PROXIES`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dagster_webserver import cli
from starlette.types import ASGIApp

from fw_assets.settings import Settings, settings
from fw_assets.webserver.guard import LOOPBACK_HOSTS, Guard, GuardPolicy

CREATE_APP = "create_app_from_workspace_process_context"


def policy_of(known: Settings) -> GuardPolicy:
    """Guard policy of the settings."""
    return GuardPolicy(
        hosts=(*LOOPBACK_HOSTS, *_listed(known.fw_ui_hosts)),
        password=known.fw_ui_password.get_secret_value() if known.fw_ui_password else None,
        proxy_header=known.fw_ui_proxy_header,
        proxies=_listed(known.fw_ui_proxies),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip().lower() for item in text.split(",") if item.strip())


def guarded(create_app: Callable[..., ASGIApp], policy: GuardPolicy) -> Callable[..., ASGIApp]:
    """`create_app`, whose app is behind the guard."""

    def create(*args: Any, **kwargs: Any) -> ASGIApp:
        return Guard(create_app(*args, **kwargs), policy)

    return create


def main() -> None:
    """Start the webserver.

    Dagster has no place to add a middleware, so its command line is handed an app that has one. Should a later version
    make its app elsewhere, this refuses to start rather than serve without the guard.
    """
    if not hasattr(cli, CREATE_APP):
        sys.exit("this version of dagster-webserver cannot be guarded; install the one in requirements.lock")
    setattr(cli, CREATE_APP, guarded(getattr(cli, CREATE_APP), policy_of(settings())))
    cli.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


if __name__ == "__main__":
    main()
