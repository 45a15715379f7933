"""Fork server of the run launcher: the one of `pipeline.runner`, with what the daemon needs beyond public names."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

# `multiprocessing` has no public call that starts the server alone.
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fw_assets.pipeline.runner.fork_server import EXIT, interrupts_blocked

LAUNCHER_PRELOAD = (
    "dagster._cli.api",  # what the launcher's processes execute runs with
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.naive_bayes",  # a second of imports of one step: worth it where runs are forked all day
)
LOAD_START = time.time()
"""When this process, or the one that it was forked from, began to load the program."""
_CLOCK_STEP = 0.05
"""A file's time may lie a tick of the system's clock before the time at which it was written."""


def is_available() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def ensure_running(modules: Sequence[str]) -> None:
    """Start the fork server, unless it runs, with these modules loaded; it ends with this process."""
    # This module first: `LOAD_START` is the time at which the server imports it.
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__, *modules, EXIT])
    with interrupts_blocked():
        forkserver.ensure_running()


def fork(target: Callable[..., None], *args: Any) -> Connection[Any, Any]:
    """Fork a process that outlives this one; returns this end of a channel, whose other end is its first argument.

    Raises:
        EOFError, OSError: the fork server cannot be had.
    """
    # Not `Process.start`, which registers the process as a child that this one waits for when it ends.
    from multiprocessing.popen_forkserver import Popen

    context = multiprocessing.get_context("forkserver")
    channel, other_end = context.Pipe()
    try:
        with other_end:
            Popen(context.Process(target=target, args=(other_end, *args)))
    except BaseException:
        channel.close()
        raise
    return channel


def kill(server: int) -> None:
    """End a fork server; `ensure_running` starts another."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(server, signal.SIGKILL)
        # Its death is left for multiprocessing to find, which replaces it then.
        os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)


def has_changed(package: str) -> bool:
    """Whether a source file of a package was written since this process began to load the program.

    By the time at which a file's entry changed, which no tool that copies files sets back.
    """
    folders = sys.modules[package].__path__ if package in sys.modules else []
    files = (file for folder in folders for file in Path(folder).rglob("*.py"))
    return any(file.stat().st_ctime > LOAD_START - _CLOCK_STEP for file in files)
