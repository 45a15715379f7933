"""A process that has loaded the program and forks others from itself: they begin at once, not after their imports.

It is `multiprocessing`'s fork server. It opens nothing and runs nothing: the only threads in it are idle ones that
libraries begin when they are imported (jemalloc's, which is made for it, and Polars'), so that what is forked from it
shares neither held locks nor connections.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path

PROGRAM = "fw_assets.dagster_runtime.preload"
EXTRA_PRELOAD_MODULES = ("sklearn.feature_extraction.text", "sklearn.linear_model", "sklearn.naive_bayes")
"""What single steps take a second to load besides: worth it in advance where runs are forked all day."""
LOADED_FROM = time.time()
"""When this process, or the one that it was forked from, began to load the program."""
_CLOCK_STEP = 0.05
"""A file's time may lie a tick of the system's clock before the time at which it was written."""


def context(more: Sequence[str] = ()) -> BaseContext | None:
    """A context whose processes are forked from one that has loaded the program; None where the system cannot fork.

    The fork server begins with `ensure_running`; it ends with this process, while those that were
    forked from it go on.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, PROGRAM, *more, "fw_assets.dagster_runtime.fork_server_exit"])
    return context


def ensure_running(more: Sequence[str] = ()) -> None:
    """Have the program, and `more` modules, loaded while this process does something else."""
    if context(more) is None:
        return
    # The keyboard's interrupt is this process's to handle: while it loads, the fork server would answer it with a
    # traceback. What is forked inherits the mask; see `reset_signals`.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def reset_signals() -> None:
    """In a forked process: let it be interrupted, and end as processes do."""
    atexit.unregister(os._exit)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def has_changed(package: str) -> bool:
    """Whether a source file of a package was written since this process began to load the program.

    By the time at which a file's entry changed, which no tool that copies files sets back.
    """
    folders = sys.modules[package].__path__ if package in sys.modules else []
    files = (file for folder in folders for file in Path(folder).rglob("*.py"))
    return any(file.stat().st_ctime > LOADED_FROM - _CLOCK_STEP for file in files)
