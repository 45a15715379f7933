"""What happens in the process of one step of a command: its run on the instance, told to the process that asked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from fw_assets.exit_codes import INTERRUPTED
from fw_assets.pipeline.errors import StepFailed
from fw_assets.pipeline.failures import EXPECTED_ERRORS, exit_code_of
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.progress import Progress, listening
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs
from fw_assets.pipeline.runner.run_step import execute, open_instance
from fw_assets.pipeline.runner.worker_pool import SHUTDOWN_GRACE_SECONDS, StepError, Task

_INTERRUPTS = (KeyboardInterrupt, DagsterExecutionInterruptedError)


def run(order: Task, channel: Connection) -> None:
    """Materialize the step; what can be said in words goes to the process that asked, a bug's traceback to stderr."""
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    sending = threading.Lock()

    def send(message: Progress | StepError) -> None:
        with sending:
            channel.send(message)

    try:
        with listening(send):
            materialize(order.root, order.step, order.config, look_for_lost=order.first)
    except EXPECTED_ERRORS as error:
        send(StepError(str(error), exit_code_of(error)))
    except _INTERRUPTS:
        sys.exit(INTERRUPTED)
    except BaseExceptionGroup as group:
        if group.subgroup(_INTERRUPTS) is None:
            raise
        sys.exit(INTERRUPTED)


def materialize(root: str, step: Step, config: Mapping[str, Any] | None, *, look_for_lost: bool = False) -> None:
    """A step's run in this process, on the instance that the UI shows.

    Raises:
        StepFailed: with what the step said; its cause is the domain's own error.
    """
    with open_instance(root) as instance:
        if look_for_lost:
            fail_orphaned_runs(instance)
        try:
            execute(instance, step, config)
        except dg.Failure as error:
            raise StepFailed(error.description or str(error), exit_code_of(error), step.key) from error.__cause__


def _end_with_the_command() -> None:
    """Nothing goes on without the command that asked for it, however that one ended."""
    asked = multiprocessing.parent_process()
    if asked is None:
        return
    wait([asked.sentinel])
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(SHUTDOWN_GRACE_SECONDS)
    os._exit(INTERRUPTED)
