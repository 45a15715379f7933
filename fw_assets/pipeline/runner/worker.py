"""Worker process: the run of one step on the instance, with progress and error sent to the pool."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import Any

import dagster as dg

from fw_assets.exit_codes import INTERRUPTED
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.failures import EXPECTED_ERRORS, exit_code_of, kind_of, message_of, question_of
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.progress import Message, listening
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.instance_faults import readable_instance_faults
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.runner.task import COMMAND, SHUTDOWN_GRACE_SECONDS, Recording, StepError, Task
from fw_assets.pipeline.workflow.instance import OWN

_INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)


def run(task: Task, channel: Connection) -> None:
    """Materialize the step. Expected errors are sent to the pool; a bug's traceback goes to standard error."""
    threading.Thread(target=_end_with_command, daemon=True).start()
    sending = threading.Lock()

    def send(message: Message | StepError) -> None:
        with sending:
            channel.send(message)

    try:
        with listening(send), _terminal_silenced():
            materialize(
                task.root,
                task.definitions,
                task.step,
                task.config,
                fail_orphans=task.fail_orphaned_runs,
                recording=task.recording,
            )
    except EXPECTED_ERRORS as error:
        send(StepError(message_of(error), exit_code_of(error), kind_of(error), question_of(error)))
    except BaseException as error:
        if not _is_interrupt(error):
            raise
        sys.exit(INTERRUPTED)


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether an error is an interrupt, or came of one: what was under way fails in its own way."""
    seen = set[int]()  # an error can be the context of its own cause
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, _INTERRUPTS):
            return True
        if isinstance(error, BaseExceptionGroup) and error.subgroup(_INTERRUPTS) is not None:
            return True
        error = error.__cause__ or error.__context__
    return False


def materialize(
    root: str,
    definitions: str,
    step: Step,
    config: Mapping[str, Any] | None,
    *,
    fail_orphans: bool = False,
    recording: Recording = COMMAND,
) -> None:
    """Run a step in this process, on the instance that the UI shows.

    Args:
        definitions: the module that holds the code location's `defs`, and `definitions_of` other workflows.
        fail_orphans: first fail the runs of this machine whose process is gone.

    Raises:
        StepFailed: with the step's message; its cause is the domain's own error.
    """
    with readable_instance_faults(root), _instance(root, recording) as instance:
        if fail_orphans:
            fail_orphaned_runs(instance)
        try:
            module = import_module(definitions)
            defs = module.defs if recording.workflow == OWN else module.definitions_of(recording.workflow)
            execute(instance, defs, step, config, recording)
        except dg.Failure as error:
            message = error.description or str(error)
            question = question_of(error)
            raise StepFailed(message, exit_code_of(error), step.key, kind_of(error), question) from error.__cause__


def _instance(root: str, recording: Recording) -> dg.DagsterInstance:
    return open_instance(root) if recording.instance is None else dg.DagsterInstance.from_ref(recording.instance)


@contextmanager
def _terminal_silenced() -> Iterator[None]:
    """Keep what a step prints in its run's logs alone.

    Dagster copies it from there to the terminal, among the progress and into the one object that `--json` promises.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    copies = [os.dup(descriptor) for descriptor in (1, 2)]
    with open(os.devnull, "w") as sink:  # noqa: PTH123  os.devnull is no path on every system
        for descriptor in (1, 2):
            os.dup2(sink.fileno(), descriptor)
    try:
        yield
    finally:
        for stream in streams:
            stream.flush()
        for descriptor, copy in zip((1, 2), copies, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def _end_with_command() -> None:
    """Interrupt this process when the command that started it ends, however it does."""
    command = multiprocessing.parent_process()
    if command is None:
        return
    wait([command.sentinel])
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(SHUTDOWN_GRACE_SECONDS)
    os._exit(INTERRUPTED)
