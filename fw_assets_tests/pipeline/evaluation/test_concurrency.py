"""The number of requests under way follows the platform: its speed, its queue, its refusals."""

from __future__ import annotations

import asyncio

import pytest

from fw_assets.pipeline.evaluation.concurrency import AdaptiveLimiter


class Platform:
    """Answers `capacity` requests at a time, each in 0.1 s; more wait in a queue. Time is told, not spent."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.now = 0.0
        self.throttled = 0

    def serve(self, pace: AdaptiveLimiter, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            under_way = pace.limit
            rate = min(under_way, self.capacity) / 0.1
            self.now += 1 / rate
            pace.answered(under_way / rate)


def paced(platform: Platform, start: int = 4, most: int = 64) -> AdaptiveLimiter:
    return AdaptiveLimiter(start, most=most, throttled=lambda: platform.throttled, clock=lambda: platform.now)


def test_it_grows_while_that_makes_the_platform_faster() -> None:
    platform = Platform(capacity=1000)
    pace = paced(platform)
    platform.serve(pace, 60)
    assert pace.limit == 64


def test_it_stops_where_only_the_queue_gets_longer() -> None:
    platform = Platform(capacity=10)
    pace = paced(platform)
    platform.serve(pace, 60)
    assert 8 <= pace.limit <= 32


def test_a_refusal_for_the_rate_halves_it_and_more_keep_it_down() -> None:
    platform = Platform(capacity=1000)
    pace = paced(platform, start=40, most=40)
    platform.throttled = 3
    platform.serve(pace, 0.5)
    assert pace.limit <= 31
    for _ in range(20):
        platform.throttled += 1
        platform.serve(pace, 1)
    assert pace.limit <= 14


def test_a_lone_refusal_after_calm_takes_a_quarter_and_the_next_one_half() -> None:
    platform = Platform(capacity=1000)
    pace = paced(platform, start=40, most=40)
    limits: list[int] = []
    for refused in (True, False, False, True, True):
        before = pace.limit
        platform.throttled += refused
        while pace.limit == before and len(limits) < 5:
            platform.serve(pace, 0.05)
        limits.append(pace.limit)
    assert limits == [20, 21, 22, 17, 8]


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_than_the_limit_are_under_way(limit: int) -> None:
    pace, under_way, most = AdaptiveLimiter(limit, most=limit), 0, 0

    async def request() -> None:
        nonlocal under_way, most
        async with pace.place():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(request() for _ in range(20)))

    asyncio.run(all_of_them())
    assert most == limit
