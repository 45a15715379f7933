"""What a client is apart from what it asks: a platform, a key, an account, the deployments it has seen."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from ._accounts import Account, find_account
from ._clock import Clock, SystemClock
from ._deployments import Deployment
from ._http import Wire
from ._retry import RetryPolicy
from ._upload import DIRECT_LIMIT

HOSTED = "https://api.fireworks.ai"


class Connection:
    """One account on one platform."""

    def __init__(
        self,
        *,
        base_url: str = HOSTED,
        api_key: str,
        account_id: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
        direct_upload_limit: int = DIRECT_LIMIT,
    ) -> None:
        self._wire = Wire(
            base_url=base_url,
            api_key=api_key,
            transport=transport or _network(),
            clock=clock or SystemClock(),
            patience=patience or RetryPolicy(),
        )
        self._account_id = account_id
        self._known: set[str] = set()
        self._direct_upload_limit = direct_upload_limit

    def __repr__(self) -> str:
        return f"Fireworks(base_url={self._wire.base_url!r}, account_id={self._account_id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection."""
        await self._wire.close()

    @property
    def base_url(self) -> str:
        """The platform's root."""
        return self._wire.base_url

    @property
    def account_id(self) -> str | None:
        """The account's id; None until it is known."""
        return self._account_id

    async def account(self) -> Account:
        """The account of the key, checked against the platform.

        Raises:
            AccountError: none, several, another than was named, or one that is suspended.
        """
        found = await find_account(self._wire, self._account_id)
        self._account_id = found.id
        return found

    async def _account(self) -> str:
        return self._account_id or (await self.account()).id

    def _remember(self, deployment: Deployment) -> Deployment:
        self._known.add(deployment.name)
        return deployment


def _network() -> httpx.AsyncBaseTransport:
    # Imported here: a pipeline on the embedded platform never opens a socket and need not pay for it.
    from ._network import Network

    return Network()
