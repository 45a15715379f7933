"""Concurrency limit of online inference: additive increase, multiplicative decrease (AIMD).

The API publishes no limit: the right number of concurrent requests is found by watching throughput, latency and 429s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

INITIAL_LIMIT, MIN_LIMIT, MAX_LIMIT = 16, 1, 64
_WINDOW_SECONDS = 0.25
_FASTER, _SLOWER = 1.05, 0.8
"""Throughput over that of the window before, from which it counts as risen, and below which as fallen."""
_QUEUEING = 3.0
"""Mean latency over the lowest mean latency, from which requests are waiting in a queue and not for the model."""
_STEADY_WINDOWS = 8
"""Windows without a change after which one more request is tried."""


class AdaptiveLimiter:
    """A limit on concurrent requests that adapts after each window of answers.

    Slow start: up by half while that raises throughput, until the first 429; from then on up by one. A 429 halves the
    limit if the limit grew by half, or if the window before had one too, and otherwise takes a quarter. A quarter
    goes as well if throughput falls or only the queue gets longer.

    Attributes:
        limit: concurrent requests allowed now.
    """

    def __init__(
        self,
        initial: int = INITIAL_LIMIT,
        *,
        max_limit: int = MAX_LIMIT,
        throttled: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`throttled` returns the number of 429 answers so far."""
        self.limit = max(MIN_LIMIT, min(initial, max_limit))
        self.max_limit = max_limit
        self._throttled, self._clock = throttled, clock
        self._active = 0
        self._slot_freed = asyncio.Condition()
        self._throttled_before = throttled()
        self._rate = 0.0
        self._lowest_latency = float("inf")
        self._steady_windows = 0
        self._slow_start, self._was_throttled = True, False
        self._start_window()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot, and free it after the request, whose latency is recorded."""
        async with self._slot_freed:
            await self._slot_freed.wait_for(lambda: self._active < self.limit)
            self._active += 1
        started = self._clock()
        try:
            yield
        finally:
            self._active -= 1
            self.record(self._clock() - started)
            async with self._slot_freed:
                self._slot_freed.notify(max(1, self.limit - self._active))

    def record(self, latency: float) -> None:
        """Count an answer that took `latency` seconds; at the end of a window, set the next limit."""
        self._answers += 1
        self._total_latency += latency
        elapsed = self._clock() - self._window_start
        if self._answers >= 2 * self.limit and elapsed >= _WINDOW_SECONDS:
            self._adapt(self._answers / elapsed, self._total_latency / self._answers)
            self._start_window()

    def _start_window(self) -> None:
        self._window_start, self._answers, self._total_latency = self._clock(), 0, 0.0

    def _adapt(self, rate: float, latency: float) -> None:
        rate_before, self._rate = self._rate, rate
        throttled, self._throttled_before = self._throttled() - self._throttled_before, self._throttled()
        self._lowest_latency = min(self._lowest_latency, latency)
        queueing = latency > _QUEUEING * self._lowest_latency
        if throttled > 0:
            far_too_many = self._slow_start or self._was_throttled
            self._set(self.limit // 2 if far_too_many else self.limit - max(1, self.limit // 4))
            self._rate, self._slow_start, self._was_throttled = 0.0, False, True
            return
        self._was_throttled = False
        if rate > rate_before * _FASTER and not queueing:
            self._set(self.limit + (self.limit // 2 if self._slow_start else 0) + 1)
        elif rate < rate_before * _SLOWER or queueing:
            self._set(self.limit - max(1, self.limit // 4))
        else:
            self._steady_windows += 1
            if self._steady_windows >= _STEADY_WINDOWS:
                self._set(self.limit + 1)

    def _set(self, limit: int) -> None:
        self.limit = max(MIN_LIMIT, min(self.max_limit, limit))
        self._steady_windows = 0
