"""How many requests are under way at once: as many as make the platform faster, fewer when it says stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

START, LEAST, MOST = 16, 1, 64
_WINDOW_SECONDS = 0.25
_BETTER, _WORSE = 1.05, 0.8
_QUEUEING = 3.0
"""Answers that take this many times the shortest mean latency wait in a queue, not for the model."""
_STEADY_WINDOWS = 8


class AdaptiveLimiter:
    """A number of places that follows what the platform does.

    After each window of answers: halved when the platform refused for its rate (429), a quarter fewer when it had not
    in the window before; half as many more (after a refusal, one more) while that raises the answers per second; a
    quarter fewer when it lowers them, or only lengthens the queue.

    Attributes:
        limit: how many may be under way now.
    """

    def __init__(
        self,
        start: int = START,
        *,
        most: int = MOST,
        throttled: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`throttled`: how many 429 answers have been seen so far."""
        self.limit = max(LEAST, min(start, most))
        self.most = most
        self._throttled, self._clock = throttled, clock
        self._active = 0
        self._freed = asyncio.Condition()
        self._seen = throttled()
        self._rate = 0.0
        self._shortest = float("inf")
        self._steady = 0
        self._bold, self._refused = True, False
        self._begin()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and give it back with how long its request took."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._active < self.limit)
            self._active += 1
        started = self._clock()
        try:
            yield
        finally:
            self._active -= 1
            self.answered(self._clock() - started)
            async with self._freed:
                self._freed.notify(max(1, self.limit - self._active))

    def answered(self, seconds: float) -> None:
        """Count an answer; at the end of a window, choose the next limit."""
        self._answers += 1
        self._waited += seconds
        elapsed = self._clock() - self._since
        if self._answers >= 2 * self.limit and elapsed >= _WINDOW_SECONDS:
            self._adapt(self._answers / elapsed, self._waited / self._answers)
            self._begin()

    def _begin(self) -> None:
        self._since, self._answers, self._waited = self._clock(), 0, 0.0

    def _adapt(self, rate: float, latency: float) -> None:
        before, self._rate = self._rate, rate
        refused, self._seen = self._throttled() - self._seen, self._throttled()
        self._shortest = min(self._shortest, latency)
        if refused > 0:
            # Refused again at once, or while growing boldly: far too many. Else only just: a little fewer will do.
            far = self._bold or self._refused
            self._to(self.limit // 2 if far else self.limit - max(1, self.limit // 4))
            self._rate, self._bold, self._refused = 0.0, False, True
            return
        self._refused = False
        if rate > before * _BETTER and latency <= _QUEUEING * self._shortest:
            self._to(self.limit + (self.limit // 2 if self._bold else 0) + 1)
        elif rate < before * _WORSE or latency > _QUEUEING * self._shortest:
            self._to(self.limit - max(1, self.limit // 4))
        else:
            self._steady += 1
            if self._steady >= _STEADY_WINDOWS:
                self._to(self.limit + 1)

    def _to(self, limit: int) -> None:
        self.limit = max(LEAST, min(self.most, limit))
        self._steady = 0
