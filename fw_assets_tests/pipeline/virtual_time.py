"""An event loop in virtual time: a sleep returns at once, and hours of waiting take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _SkippingSelector(selectors.SelectSelector):
    def __init__(self, on_sleep: Callable[[], None]) -> None:
        super().__init__()
        self.now = 0.0
        self._on_sleep = on_sleep

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.now += timeout
            self._on_sleep()
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For work without sockets; calls `on_sleep` whenever nothing can go on before some time has passed."""

    def __init__(self, on_sleep: Callable[[], None] = lambda: None) -> None:
        self._virtual_selector = _SkippingSelector(on_sleep)
        super().__init__(self._virtual_selector)

    def time(self) -> float:
        """Seconds that the work would have taken."""
        return self._virtual_selector.now


class LoopClock:
    """The loop's own time, for the client."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(work: Coroutine[Any, Any, T], on_sleep: Callable[[], None] = lambda: None) -> T:
    """The result of `work`, run in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(on_sleep)) as runner:
        return runner.run(work)
