"""The limit of concurrent requests follows the platform: its throughput, its queue, its 429s."""

from __future__ import annotations

import asyncio

import pytest

from fw_assets.pipeline.evaluation.concurrency import AdaptiveLimiter


class SimulatedPlatform:
    """Answers `capacity` requests at a time, each in 0.1 s; others wait in a queue. Its time passes at once."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.now = 0.0
        self.throttled = 0

    def limiter(self, initial: int = 4, max_limit: int = 64) -> AdaptiveLimiter:
        return AdaptiveLimiter(initial, max_limit=max_limit, throttled=lambda: self.throttled, clock=lambda: self.now)

    def serve(self, limiter: AdaptiveLimiter, seconds: float) -> None:
        """Answer as many concurrent requests as the limiter allows, for some seconds."""
        end = self.now + seconds
        while self.now < end:
            active = limiter.limit
            rate = min(active, self.capacity) / 0.1
            self.now += 1 / rate
            limiter.record(active / rate)


def test_it_grows_while_that_raises_throughput() -> None:
    platform = SimulatedPlatform(capacity=1000)
    limiter = platform.limiter()
    platform.serve(limiter, 60)
    assert limiter.limit == 64


def test_it_stops_where_only_the_queue_gets_longer() -> None:
    platform = SimulatedPlatform(capacity=10)
    limiter = platform.limiter()
    platform.serve(limiter, 60)
    assert 8 <= limiter.limit <= 32


def test_a_429_halves_it_and_more_keep_it_down() -> None:
    platform = SimulatedPlatform(capacity=1000)
    limiter = platform.limiter(initial=40, max_limit=40)
    platform.throttled = 3
    platform.serve(limiter, 0.5)
    assert limiter.limit <= 31
    for _ in range(20):
        platform.throttled += 1
        platform.serve(limiter, 1)
    assert limiter.limit <= 14


def test_a_single_429_after_calm_takes_a_quarter_and_the_next_one_half() -> None:
    platform = SimulatedPlatform(capacity=1000)
    limiter = platform.limiter(initial=40, max_limit=40)
    limits: list[int] = []
    for throttled in (True, False, False, True, True):
        before = limiter.limit
        platform.throttled += throttled
        deadline = platform.now + 60
        while limiter.limit == before and platform.now < deadline:
            platform.serve(limiter, 0.05)
        limits.append(limiter.limit)
    assert limits == [20, 21, 22, 17, 8]


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_requests_than_the_limit_are_active(limit: int) -> None:
    limiter = AdaptiveLimiter(limit, max_limit=limit)
    active = highest = 0

    async def request() -> None:
        nonlocal active, highest
        async with limiter.slot():
            active += 1
            highest = max(highest, active)
            await asyncio.sleep(0)
            active -= 1

    async def all_requests() -> None:
        await asyncio.gather(*(request() for _ in range(20)))

    asyncio.run(all_requests())
    assert highest == limit
