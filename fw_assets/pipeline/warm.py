"""A process that has loaded the program and forks others from itself: they begin at once, not after their imports.

It is `multiprocessing`'s fork server. It stays single-threaded and opens nothing, so that what is forked from it shares
neither locks nor connections.
"""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

PROGRAM = "fw_assets.pipeline.loaded"


def warm() -> BaseContext | None:
    """A context whose processes are forked from one that has loaded the program; None where the system cannot fork.

    The fork server begins with `load`; it ends with this process, while those that were
    forked from it go on.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PROGRAM])
    return context


def load() -> None:
    """Have the program loaded while this process does something else."""
    if warm() is None:
        return
    # The keyboard's interrupt is this process's to handle: while it loads, the fork server would answer it with a
    # traceback. What is forked inherits the mask; see `unmask`.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unmask() -> None:
    """In a forked process: let it be interrupted."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
