"""Messages between the pool of a command and its workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fw_assets.classification.errors import Question
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.workflow.instance import OWN, WorkflowInstance

SHUTDOWN_GRACE_SECONDS = 30.0
"""How long an interrupted step may take to record on its run that it was interrupted."""


@dataclass(frozen=True)
class Recording:
    """Where Dagster keeps the run of a step, and as a run of which workflow.

    Attributes:
        instance: reference to Dagster's instance; None for that of the environment.
        origin: of the run that starts it, as Dagster stores it; None for that of this package's code location.
    """

    workflow: WorkflowInstance = OWN
    instance: Any = None
    origin: str | None = None


COMMAND = Recording()
"""Of the runs that a command starts."""


@dataclass(frozen=True)
class Task:
    """A step and where to run it; a worker shares nothing else with the process that started it.

    Attributes:
        root: the workspace.
        definitions: the module that holds the code location's `defs`.
        fail_orphaned_runs: first fail the runs of this machine whose process is gone.
        folder: the current folder to work in.
    """

    root: str
    definitions: str
    step: Step
    config: Mapping[str, Any] | None
    fail_orphaned_runs: bool
    folder: str
    environment: Mapping[str, str]
    recording: Recording = COMMAND


@dataclass(frozen=True)
class StepError:
    """The error of a step: its message, the exit code of the command, its kind for programs, and what it asks."""

    message: str
    exit_code: int
    kind: str
    question: Question | None = None
