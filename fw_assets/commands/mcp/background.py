"""Background runs of the server: they go on while no tool call waits for them, and end with the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class BackgroundRuns(Generic[T]):
    """At most one run per dataset, each in a thread of its own.

    The threads are daemons: a server whose client is gone ends at once, and the workers notice the end of the process
    that started them and record that they were stopped.
    """

    def __init__(self) -> None:
        self._futures: dict[str, Future[T]] = {}
        self._lock = threading.Lock()

    def start(self, dataset: str, work: Callable[[], T]) -> Future[T]:
        """The run of a dataset: the one that is under way, else a new one."""
        with self._lock:
            under_way = self._futures.get(dataset)
            if under_way is not None and not under_way.done():
                return under_way
            future = self._futures[dataset] = Future[T]()
        threading.Thread(target=_run, args=(future, work), name=f"run of {dataset}", daemon=True).start()
        return future


def _run(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  whoever waits for the future gets it
        future.set_exception(error)
