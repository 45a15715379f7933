"""Rows per second with adaptive concurrency, beside 8 and 64 requests at a time.

    python -m benchmarks.adaptive_limiter [ROWS]

Five platforms, simulated on an event loop whose time is told and not spent, so that the figures are the same on any
machine: one that takes anything, one with a limit per second, one with a limit at a time, one whose queue only gets
longer, and one that has few places at first and many later. Latencies are log-normal, as of language models.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from fw_assets.fireworks import Fireworks, FireworksError
from fw_assets.pipeline.evaluation.concurrency import AdaptiveLimiter
from fw_assets_tests.pipeline.virtual_time import LoopClock, run

ANSWER = {
    "id": "x",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}


@dataclass
class Platform(httpx.AsyncBaseTransport):
    """Answers in about `latency` seconds.

    Attributes:
        per_second: requests per second beyond which it answers 429, after a burst of 20.
        at_once: requests under way beyond which it answers 429.
        places: how many requests are worked on side by side, by the time; the others queue.
    """

    latency: float = 0.3
    per_second: float = float("inf")
    at_once: float = float("inf")
    places: Callable[[float], float] = lambda now: float("inf")
    random: random.Random = field(default_factory=lambda: random.Random(0))
    refused: int = 0
    _tokens: float = 20.0
    _filled: float = 0.0
    _under_way: int = 0
    _working: int = 0
    _queue: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now = asyncio.get_running_loop().time()
        self._tokens = min(20.0, self._tokens + (now - self._filled) * self.per_second)
        self._filled = now
        if self._tokens < 1 or self._under_way >= self.at_once:
            self.refused += 1
            await asyncio.sleep(0.02)
            return httpx.Response(429, json={"error": {"message": "too many"}}, request=request)
        self._tokens -= 1
        self._under_way += 1
        try:
            await self._place()
            await asyncio.sleep(self.latency * self.random.lognormvariate(0, 0.4))
            self._working -= 1
            self._next()
        finally:
            self._under_way -= 1
        return httpx.Response(200, json=ANSWER, request=request)

    async def _place(self) -> None:
        if self._queue or self._working >= self.places(asyncio.get_running_loop().time()):
            self._queue.append(asyncio.get_running_loop().create_future())
            await self._queue[-1]
        self._working += 1

    def _next(self) -> None:
        free = self.places(asyncio.get_running_loop().time()) - self._working
        while self._queue and free >= 1:
            self._queue.popleft().set_result(None)
            free -= 1


@dataclass
class Fixed:
    """The same limit throughout."""

    limit: int

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.limit)
        self.max_limit = self.limit

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        async with self._slots:
            yield


@dataclass(frozen=True)
class Throughput:
    """Rows per second, requests refused for the rate, rows that failed for good, and median seconds to answer."""

    rate: float
    refused: int
    failed: int
    latency: float


async def measure(platform: Platform, rows: int, concurrency: int | None) -> Throughput:
    """`rows` requests at a fixed concurrency, or at an adaptive one."""
    loop = asyncio.get_running_loop()
    client = Fireworks(base_url="http://host", api_key="k", account_id="a", transport=platform, clock=LoopClock())
    async with client:
        limiter = (
            Fixed(concurrency) if concurrency else AdaptiveLimiter(throttled=lambda: client.throttled, clock=loop.time)
        )
        waiting, failed, took = iter(range(rows)), 0, []

        async def worker() -> None:
            nonlocal failed
            for row in waiting:
                async with limiter.slot():
                    began = loop.time()
                    try:
                        await client.chat({"model": "m", "messages": [{"role": "user", "content": json.dumps(row)}]})
                    except FireworksError:
                        failed += 1
                    took.append(loop.time() - began)

        await asyncio.gather(*(worker() for _ in range(limiter.max_limit)))
        return Throughput((rows - failed) / loop.time(), platform.refused, failed, sorted(took)[rows // 2])


PLATFORMS: dict[str, Callable[[], Platform]] = {
    "takes anything": Platform,
    "60 requests a second": lambda: Platform(per_second=60),
    "16 at a time, else 429": lambda: Platform(at_once=16),
    "12 places, the rest queue": lambda: Platform(places=lambda now: 12),
    "4 places, 48 after 30 s": lambda: Platform(places=lambda now: 4 if now < 30 else 48),
}


def main(rows: int = 5_000) -> None:
    """A line per platform."""
    print(f"{rows:,} rows; per setting: rows/s (429s, rows failed, median seconds to answer)")
    for name, open_platform in PLATFORMS.items():
        fixed = {str(each): run(measure(open_platform(), rows, each)) for each in (8, 64)}
        adaptive = run(measure(open_platform(), rows, None))
        best = max(item.rate for item in fixed.values())
        figures = "   ".join(
            f"{which:>8} {item.rate:6.1f} ({item.refused:5}, {item.failed:3}, {item.latency:4.2f})"
            for which, item in {**fixed, "adaptive": adaptive}.items()
        )
        against = ", ".join(f"{adaptive.rate / item.rate:.2f}x of {which}" for which, item in fixed.items())
        print(f"{name:26} {figures}   adaptive {against}, {adaptive.rate / best:.2f}x of the better", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
