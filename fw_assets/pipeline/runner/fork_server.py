"""Fork server of `multiprocessing` that has loaded the program, so that workers begin at once instead of after 3 s.

Nothing is connected or open in it, and its only threads are idle ones that libraries start when they are imported
(jemalloc's, Polars'): what is forked shares neither held locks nor connections.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from fw_assets.pipeline.errors.phase import PhaseError

PRELOAD = "fw_assets.pipeline.runner.preload"
EXIT = "fw_assets.pipeline.runner.fork_server_exit"
_hiding = threading.Lock()


def start_process(definitions: str, name: str, target: Callable[..., None], *args: Any) -> BaseProcess:
    """Start a process that is forked from one that has loaded the module `definitions`.

    Where the system cannot fork, the process is a fresh one. The first call in a process starts the fork server too.

    Raises:
        PhaseError: the fork server ended as it started.
    """
    context: Any = multiprocessing.get_context(_method())
    if forks := _method() == "forkserver":
        context.set_forkserver_preload([definitions, PRELOAD, EXIT])
    process: BaseProcess = context.Process(target=target, args=args, name=name)
    try:
        with _main_module_hidden():
            with interrupts_blocked():
                forkserver.ensure_running() if forks else process.start()
            if forks:
                # It may load for seconds until it answers, and Ctrl-C need not wait for that.
                process.start()
    except EOFError:
        raise PhaseError(
            "the process that steps are forked from ended as it started; above is what it said. Correct that, and run "
            "the same command again; what was done is kept"
        ) from None
    return process


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep a process that is started from running the main module, which is the script of whoever uses this package.

    Multiprocessing has each process import it by its path, for what is defined there, and a script that starts its
    work at the top would start it again. Nothing of ours is defined there.
    """
    with _hiding:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def pipe() -> tuple[Connection, Connection]:
    """A one-way channel: the end to receive from, and the end to send to."""
    receiver, sender = multiprocessing.get_context(_method()).Pipe(duplex=False)
    return receiver, sender


def start_in_background(definitions: str) -> None:
    """Load the program in the fork server while this process does something else."""
    if _method() == "forkserver":
        # A process that does nothing: there is no public call that starts the server alone.
        threading.Thread(target=_warm_up, args=(definitions,), daemon=True).start()


def _warm_up(definitions: str) -> None:
    with suppress(OSError, PhaseError):  # the first step says it
        start_process(definitions, "warm-up", reset_signals)


def reset_signals() -> None:
    """In a forked process: accept the keyboard's interrupt, which `start_process` had blocked, and SIGTERM as one."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _method() -> str:
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Block SIGINT in this thread, and in the processes that it starts.

    A fork server that is interrupted while it loads prints a traceback; its starter handles the keyboard's interrupt.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python starts it before the fork server, and then accepts SIGINT again, whoever had blocked it.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
