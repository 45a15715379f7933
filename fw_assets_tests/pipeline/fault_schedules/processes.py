"""Processes that share a workspace and a platform, in this process: their points, their ends, and who goes on next.

A point is a request or a write. At each one an event of the schedule may happen, and another process may go on. After
its end a process reaches nothing any more: every further point raises `Killed` again, as `kill -9` leaves nothing to do
for an `except` or a `finally`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Event = str
"""What may happen at a point: an event of a process, below, or a fault of the network. Each kind of point takes those
that it can have."""
PROCESS_EVENTS: tuple[Event, ...] = ("kill", "kill-after", "torn", "full")
"""The process is gone before a request or write, after it, or within a write; or its next writes find no space."""
PATIENCE_SECONDS = 120.0
"""How long a process may be without a turn before a lock is suspected of which the machine does not know."""
TAKEOVER: Event = "takeover"
"""Another driver starts on the same dataset."""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Machine:
    """Where processes run, one at a time: who goes on is drawn at each point.

    Attributes:
        events: by the number of the point at which they happen.
        full_writes: how many of the next writes find no space.
        take_over: is called by the event of that name.
    """

    events: Mapping[int, Event]
    chance: random.Random
    points: int = 0
    full_writes: int = 0
    happened: list[str] = field(default_factory=list)
    take_over: Callable[[], None] | None = None
    _running: list[Process] = field(default_factory=list)
    _turn: Process | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _locks: dict[tuple[str, ...], Process] = field(default_factory=dict)

    def start(self, process: Process) -> None:
        """The process takes part from now on; it has to call `Process.begin` first."""
        with self._changed:
            self._running.append(process)
            if self._turn is None:
                self._turn = process

    def end(self, process: Process) -> None:
        """The process has ended, by itself or not: its locks are free, and another one goes on."""
        with self._changed:
            process.dead = True
            self._running.remove(process)
            for name in [name for name, holder in self._locks.items() if holder is process]:
                del self._locks[name]
            self._pass_on()

    def pause(self, process: Process) -> None:
        """Let another process go on, or not, and wait for the next turn."""
        with self._changed:
            if len(self._running) > 1:
                self._pass_on()
                self._await_turn(process)

    def wait_turn(self, process: Process) -> None:
        with self._changed:
            self._await_turn(process)

    def acquire(self, process: Process, name: tuple[str, ...]) -> bool:
        """Hold a lock, after waiting while another living process holds it; whether that was so."""
        with self._changed:
            waited = self._locks.get(name, process) is not process
            while self._locks.get(name, process) is not process:
                process.waits_for = name
                self._pass_on()
                self._await_turn(process)
            process.waits_for = None
            self._locks[name] = process
            return waited

    def release(self, process: Process, name: tuple[str, ...]) -> None:
        with self._changed:
            if self._locks.get(name) is process:
                del self._locks[name]

    def _pass_on(self) -> None:
        ready = [item for item in self._running if item.waits_for is None or item.waits_for not in self._locks]
        self._turn = self.chance.choice(ready) if ready else None
        self._changed.notify_all()

    def _await_turn(self, process: Process) -> None:
        if not self._changed.wait_for(lambda: self._turn is process or process.dead, timeout=PATIENCE_SECONDS):
            raise RuntimeError(f"{process.name} has no turn: a lock that this machine does not know")


@dataclass(eq=False)
class Process:
    """One life of a driver."""

    machine: Machine
    name: str
    dead: bool = False
    waits_for: tuple[str, ...] | None = None
    delivered: tuple[str, float] | None = None
    """Key and price of the answer that has arrived and is not kept yet."""

    def point(self, *possible: Event) -> Event | None:
        """The event that happens here, of those that can; raises `Killed` for a process that is gone."""
        if self.dead:
            raise Killed
        self.machine.pause(self)
        number = self.machine.points
        self.machine.points += 1
        event = self.machine.events.get(number)
        if event == TAKEOVER and self.machine.take_over is not None:
            self.machine.happened.append(f"{number}: takeover")
            self.machine.take_over()
        if event == "full":
            self.machine.full_writes = self.machine.chance.randint(1, 6)
        if event not in possible:
            return None
        self.machine.happened.append(f"{number}: {event}")
        return event

    def die(self) -> None:
        """The end, here and now."""
        self.dead = True
        raise Killed

    def has_no_space(self) -> bool:
        """Whether this write finds the disk full."""
        if self.machine.full_writes:
            self.machine.full_writes -= 1
            return True
        return False

    @contextmanager
    def lock(self, *name: str) -> Iterator[bool]:
        waited = self.machine.acquire(self, name)
        try:
            yield waited
        finally:
            self.machine.release(self, name)
