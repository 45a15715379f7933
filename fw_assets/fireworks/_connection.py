"""The state of a client: platform, key, account, and the deployments it has seen."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from ._accounts import find_account_id
from ._chat_route import ChatRoute
from ._clock import Clock, SystemClock
from ._deployment_quotes import DeploymentQuotes
from ._deployments import Deployment
from ._http import HttpClient
from ._retry import RetryPolicy
from ._upload import DIRECT_UPLOAD_LIMIT

HOSTED = "https://api.fireworks.ai"
"""The hosted service's base URL."""


class Connection:
    """One account on one platform."""

    def __init__(
        self,
        *,
        base_url: str = HOSTED,
        api_key: str,
        account_id: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        retry_policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        direct_upload_limit: int = DIRECT_UPLOAD_LIMIT,
    ) -> None:
        self._http = HttpClient(
            base_url=base_url,
            api_key=api_key,
            transport=transport or default_transport(),
            clock=clock or SystemClock(),
            retry_policy=retry_policy or RetryPolicy(),
        )
        self._account_id = account_id
        self._known_deployments: set[str] = set()
        self._quotes = DeploymentQuotes(self._http)
        self._direct_upload_limit = direct_upload_limit
        self._routes: dict[str, ChatRoute] = {}

    def __repr__(self) -> str:
        return f"Fireworks(base_url={self._http.base_url!r}, account_id={self._account_id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection."""
        await self._http.close()
        for route in self._routes.values():
            await route.close()

    @property
    def base_url(self) -> str:
        """The platform's root."""
        return self._http.base_url

    @property
    def account_id(self) -> str | None:
        """The account's id; None until it is known."""
        return self._account_id

    async def _account(self) -> str:
        if self._account_id is None:
            self._account_id = await find_account_id(self._http)
        return self._account_id

    def _remember(self, deployment: Deployment) -> Deployment:
        self._known_deployments.add(deployment.name)
        return deployment


def default_transport() -> httpx.AsyncBaseTransport:
    # Imported here for start-up time: a pipeline on the embedded platform opens no socket and needs no aiohttp.
    from ._aiohttp_transport import AiohttpTransport

    return AiohttpTransport()
