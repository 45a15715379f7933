"""Micro-batching: requests that wait at the same time are answered in one call.

A model reads sixteen texts in little more time than one, and one hop into a thread serves them all. While a batch is
processed, arriving requests wait and become the next batch; a request that comes alone starts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import anyio.to_thread
from anyio import CapacityLimiter

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")

MAX_BATCH = 64


@dataclass(eq=False)
class _Pending(Generic[RequestT, ResultT]):
    """A request in the queue; `wake` is set when it has its outcome, or when it has to process the next batch."""

    request: RequestT
    wake: anyio.Event = field(default_factory=anyio.Event)
    outcome: ResultT | Exception | None = None


class MicroBatcher(Generic[RequestT, ResultT]):
    """Processes one batch at a time; belongs to one event loop.

    There is no background task: the first of the waiting requests processes the batch, and wakes the first of the next
    batch when it is done. A request that is cancelled while it waits leaves the queue, and passes its turn on.
    """

    def __init__(
        self, process: Callable[[Sequence[RequestT]], Sequence[ResultT | Exception]], threads: CapacityLimiter
    ) -> None:
        """`process` returns, in the order of its batch, a result or the exception to raise for each request."""
        self._process = process
        self._threads = threads
        self._queue: list[_Pending[RequestT, ResultT]] = []
        self._busy = False

    @property
    def idle(self) -> bool:
        return not self._busy and not self._queue

    async def submit(self, request: RequestT) -> ResultT:
        """The result of one request.

        Raises:
            Exception: the one that `process` returned for the request or raised for its batch.
        """
        pending: _Pending[RequestT, ResultT] = _Pending(request)
        self._queue.append(pending)
        if self._busy:
            try:
                await pending.wake.wait()
            except BaseException:
                if pending in self._queue:
                    self._queue.remove(pending)
                    if pending.wake.is_set():
                        self._wake_next()
                raise
        if pending.outcome is None:
            await self._process_batch()
        if isinstance(pending.outcome, Exception):
            raise pending.outcome
        assert pending.outcome is not None
        return pending.outcome

    async def _process_batch(self) -> None:
        self._busy = True
        batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
        requests = [pending.request for pending in batch]
        outcomes: Sequence[ResultT | Exception] = []
        try:
            outcomes = await anyio.to_thread.run_sync(self._process, requests, limiter=self._threads)
        except Exception as error:  # noqa: BLE001 - raised for every request of the batch
            outcomes = [error] * len(batch)
        finally:
            if not outcomes:
                # Cancelled before a thread was free: the others wait on, in their order.
                self._queue = batch[1:] + self._queue
            for pending, outcome in zip(batch, outcomes, strict=False):
                pending.outcome = outcome
                pending.wake.set()
            self._wake_next()

    def _wake_next(self) -> None:
        if self._queue:
            self._queue[0].wake.set()
        else:
            self._busy = False
