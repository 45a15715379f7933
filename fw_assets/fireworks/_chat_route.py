"""Chat routes: what answers the chat requests of one model in place of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ._completion import ChatCompletion


class ChatRoute(Protocol):
    """It raises the errors of `_errors`; `throttled` is as of `Fireworks`."""

    @property
    def throttled(self) -> int: ...

    async def chat(self, body: Mapping[str, Any]) -> ChatCompletion: ...

    async def close(self) -> None: ...
