"""Connection to the inference server: many requests at once, what may pass again, and the key in no message.

Synchronous for its callers, which run in threads; each call has an event loop of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference_server.server_settings import ServerSettings

if TYPE_CHECKING:
    import aiohttp

CONCURRENCY = 64
ANSWER_SECONDS = 300.0
CONNECT_SECONDS = 10.0
BATCH_PATIENCE = 300.0
"""Seconds for which a batch job waits for a server that restarts; others are tried again by whoever sent them."""
MAX_BYTES = 256 << 20
_MAX_WAIT, _FIRST_WAIT = 30.0, 0.5
BUSY = (429, 500, 502, 503, 504)
UNAVAILABLE = "INFERENCE_SERVER_UNAVAILABLE"


@dataclass(frozen=True)
class Call:
    """One request: a POST with a body, or a GET without.

    Attributes:
        busy: statuses that may pass.
    """

    path: str
    body: Mapping[str, Any] | None = None
    busy: tuple[int, ...] = BUSY


@dataclass(frozen=True)
class Reply:
    """What the server said.

    Attributes:
        content: the JSON of the body; its text where it is none.
        retry_after: the header of that name.
    """

    status: int
    content: Any
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """The reason of a refusal, in the server's words."""
        content = self.content
        if isinstance(content, Mapping):
            error = content.get("error", content)
            found = error.get("message") or error.get("detail") if isinstance(error, Mapping) else error
            content = found or content
        return str(content).strip()[:500]


class Connection:
    """The way to one server.

    Attributes:
        patience: seconds for which what may pass is tried again.
    """

    def __init__(
        self,
        settings: ServerSettings,
        patience: float = 0.0,
        seconds: float = ANSWER_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`seconds` and `max_bytes` bound each answer."""
        self._settings, self._seconds, self._max_bytes = settings, seconds, max_bytes
        self.patience = patience

    def send(self, call: Call) -> Reply:
        """The reply to one request.

        Raises:
            RpcError: UNAVAILABLE where nobody answers, or RESOURCE_EXHAUSTED where the server is too busy.
        """
        (outcome,) = self.send_all([call])
        if isinstance(outcome, RpcError):
            raise outcome
        return outcome

    def send_all(self, calls: Sequence[Call]) -> list[Reply | RpcError]:
        """For each request its reply, or why there is none; refusals that will not pass are replies."""
        return asyncio.run(self._send_all(calls))

    async def _send_all(self, calls: Sequence[Call]) -> list[Reply | RpcError]:
        import aiohttp

        headers = {"Authorization": f"Bearer {self._settings.key}"} if self._settings.key else {}
        timeout = aiohttp.ClientTimeout(total=self._seconds, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=CONCURRENCY)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session:
            return list(await asyncio.gather(*(self._outcome(session, call) for call in calls)))

    async def _outcome(self, session: aiohttp.ClientSession, call: Call) -> Reply | RpcError:
        clock = asyncio.get_running_loop().time
        started, attempt = clock(), 0
        while True:
            attempt += 1
            outcome = await self._attempt(session, call)
            if isinstance(outcome, Reply) and outcome.status not in call.busy:
                return outcome
            asked = outcome.retry_after if isinstance(outcome, Reply) else None
            wait = _seconds(asked) or min(_MAX_WAIT, _FIRST_WAIT * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.0)
            if clock() - started + wait > self.patience:
                return outcome if isinstance(outcome, RpcError) else self._busy(outcome)
            await asyncio.sleep(wait)

    async def _attempt(self, session: aiohttp.ClientSession, call: Call) -> Reply | RpcError:
        import aiohttp

        url = f"{self._settings.url}{call.path}"
        method = "GET" if call.body is None else "POST"
        try:
            # A redirect would take the key to another host.
            async with session.request(method, url, json=call.body, allow_redirects=False) as response:
                data = bytearray()
                async for part in response.content.iter_chunked(1 << 16):
                    data += part
                    if len(data) > self._max_bytes:
                        return self._unavailable(f"sends more than {self._max_bytes:,} bytes for one request")
                text = bytes(data).decode("utf-8", "replace")
                # An answer is left as it is: a short key may be a word of it.
                content = _json(self._masked(text) if response.status >= 400 else text)
                return Reply(response.status, content, response.headers.get("Retry-After"))
        except TimeoutError:
            return self._unavailable(f"has not answered {call.path} within {self._seconds:g} s", 504)
        except aiohttp.ClientConnectorError as error:
            reason = getattr(error.os_error, "strerror", None) or error.os_error
            return self._unavailable(f"does not answer ({reason})")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._unavailable(f"broke off ({type(error).__name__}: {self._masked(str(error))[:200]})")

    def _unavailable(self, what: str, status: int = 503) -> RpcError:
        message = (
            f"the inference server at {self._settings.url} (FW_INFERENCE_URL) {what}; start it, or unset the variable "
            "to have language models answered here"
        )
        return RpcError("UNAVAILABLE", message, status=status, reason=UNAVAILABLE)

    def _busy(self, reply: Reply) -> RpcError:
        headers = {"Retry-After": reply.retry_after} if reply.retry_after else {}
        message = (
            f"the inference server at {self._settings.url} (FW_INFERENCE_URL) answers {reply.status}: {reply.message}"
        )
        code = "RESOURCE_EXHAUSTED" if reply.status == 429 else "UNAVAILABLE"
        status = 429 if reply.status == 429 else 503
        return RpcError(code, message, status=status, reason=UNAVAILABLE, headers=headers)

    def _masked(self, text: str) -> str:
        return text.replace(self._settings.key, "***") if self._settings.key else text


def _seconds(retry_after: str | None) -> float:
    """The wait that a server asks for in seconds; 0 for none, and for a date, which is rare."""
    try:
        return min(_MAX_WAIT, max(0.0, float(retry_after or 0)))
    except ValueError:
        return 0.0


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
