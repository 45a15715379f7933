"""Requests that wait together are answered together.

A model reads sixteen texts in little more time than one, and one hop into a thread serves them all. While a
batch is worked on, whatever arrives waits and becomes the next batch; a request that comes alone starts at once.
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
class _Ticket(Generic[RequestT, ResultT]):
    asked: RequestT
    called: anyio.Event = field(default_factory=anyio.Event)
    given: ResultT | Exception | None = None


class MicroBatcher(Generic[RequestT, ResultT]):
    """One batch at a time; belongs to one event loop.

    There is no task of its own: the first of the waiting requests works on the batch, and calls the next first
    one when it is done. One that is cancelled while it waits leaves the queue, and passes the call on.
    """

    def __init__(
        self, work: Callable[[Sequence[RequestT]], Sequence[ResultT | Exception]], threads: CapacityLimiter
    ) -> None:
        """`work` gets a batch and gives, in its order, each one's answer or what is to be raised for it."""
        self._work = work
        self._threads = threads
        self._waiting: list[_Ticket[RequestT, ResultT]] = []
        self._busy = False

    @property
    def idle(self) -> bool:
        """Whether nobody waits and nothing is worked on."""
        return not self._busy and not self._waiting

    async def ask(self, asked: RequestT) -> ResultT:
        """The answer to one request.

        Raises:
            Exception: what the work gave for it.
        """
        ticket: _Ticket[RequestT, ResultT] = _Ticket(asked)
        self._waiting.append(ticket)
        if self._busy:
            try:
                await ticket.called.wait()
            except BaseException:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    if ticket.called.is_set():
                        self._call_next()
                raise
        if ticket.given is None:
            await self._serve()
        if isinstance(ticket.given, Exception):
            raise ticket.given
        assert ticket.given is not None
        return ticket.given

    async def _serve(self) -> None:
        self._busy = True
        batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        given: Sequence[ResultT | Exception] = []
        try:
            given = await anyio.to_thread.run_sync(self._work, [one.asked for one in batch], limiter=self._threads)
        except Exception as error:  # noqa: BLE001 (everyone in the batch is to hear of it)
            given = [error] * len(batch)
        finally:
            if not given:
                # Cancelled before a thread was free: the others wait on, in their order.
                self._waiting = batch[1:] + self._waiting
            for one, each in zip(batch, given, strict=False):
                one.given = each
                one.called.set()
            self._call_next()

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting[0].called.set()
        else:
            self._busy = False
