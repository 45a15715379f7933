"""OpenAI-compatible servers: chat completions and decisions of somebody else's, under the same limits and retries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from ._chat import chat
from ._clock import Clock, SystemClock
from ._completion import ChatCompletion
from ._connection import default_transport
from ._decision import Decision
from ._decision_question import Question
from ._decisions import State, systemone
from ._http import HttpClient
from ._retry import RetryPolicy


class ChatServer:
    """An OpenAI-compatible server. Redirects are not followed, so the key goes to its host alone.

    Args:
        url: what `/chat/completions` and `/systemone` follow, e.g. `https://api.openai.com/v1`.
        api_key: in no representation, log line or error; None sends none.
        transport, retry_policy, clock: as for `Fireworks`.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retry_policy: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._http = HttpClient(
            base_url=url,
            api_key=api_key,
            transport=transport or default_transport(),
            clock=clock or SystemClock(),
            retry_policy=retry_policy or RetryPolicy(),
        )
        prefix = url.rstrip("/").removeprefix(self._http.base_url)
        self._path, self._systemone = f"{prefix}/chat/completions", f"{prefix}/systemone"

    def __repr__(self) -> str:
        return f"ChatServer({self._http.base_url!r})"

    @property
    def throttled(self) -> int:
        """As of `Fireworks`."""
        return self._http.throttled

    async def chat(self, body: Mapping[str, Any]) -> ChatCompletion:
        """The answer to a chat-completions request; raises the errors of `_errors`."""
        return await chat(self._http, body, deployment_known=False, path=self._path)

    async def systemone(self, model: str, state: State, questions: Mapping[str, Question]) -> Decision:
        """The decision of a model of the server, where it has `/systemone`; raises the errors of `_errors`."""
        return await systemone(self._http, model, state, questions, deployment_known=False, path=self._systemone)

    async def close(self) -> None:
        """Closes every connection."""
        await self._http.close()
