"""The failure policy: which errors a person is told about in words, which are tried again, and the exit code of each.

Everything that is not in the table is a bug of this program: its traceback is shown.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from dataclasses import dataclass

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.errors import InputError, Question
from fw_assets.exit_codes import BAD_INPUT, FAILED, INCOMPLETE, WAITING
from fw_assets.fireworks import (
    ConnectionFailed,
    FireworksError,
    OversizedResponse,
    RateLimited,
    ServerError,
    UnexpectedResponse,
    WaitTimeout,
)
from fw_assets.pipeline.errors.answers import Unanswered
from fw_assets.pipeline.errors.budget import RunStopped
from fw_assets.pipeline.errors.phase import NotAnAnswer, NotApproved, PhaseError, StepFailed
from fw_assets.workspace.file_faults import file_fault

MAX_RETRIES = 2
"""Attempts of a step after the first."""
FIRST_DELAY_SECONDS = 2.0
"""Before the second attempt; twice as long before the third."""


@dataclass(frozen=True)
class ErrorPolicy:
    """The treatment of an error and its subclasses: tried again if `transient`; the command ends with `exit_code`."""

    error: type[Exception]
    transient: bool
    exit_code: int


POLICIES = (
    ErrorPolicy(InputError, transient=False, exit_code=BAD_INPUT),
    ErrorPolicy(NotAnAnswer, transient=False, exit_code=BAD_INPUT),
    ErrorPolicy(NotApproved, transient=False, exit_code=WAITING),
    ErrorPolicy(CeilingReached, transient=False, exit_code=INCOMPLETE),
    ErrorPolicy(RunStopped, transient=False, exit_code=INCOMPLETE),
    ErrorPolicy(Unanswered, transient=True, exit_code=INCOMPLETE),
    ErrorPolicy(ConnectionFailed, transient=True, exit_code=INCOMPLETE),
    ErrorPolicy(RateLimited, transient=True, exit_code=INCOMPLETE),
    ErrorPolicy(ServerError, transient=True, exit_code=INCOMPLETE),
    ErrorPolicy(WaitTimeout, transient=False, exit_code=INCOMPLETE),
    ErrorPolicy(OversizedResponse, transient=False, exit_code=FAILED),
    ErrorPolicy(UnexpectedResponse, transient=True, exit_code=FAILED),
    ErrorPolicy(PhaseError, transient=False, exit_code=FAILED),
    ErrorPolicy(FireworksError, transient=False, exit_code=FAILED),
    ErrorPolicy(ConnectionError, transient=True, exit_code=INCOMPLETE),
    ErrorPolicy(TimeoutError, transient=True, exit_code=INCOMPLETE),
    # Of the machine and not of this program: a full disk, a folder that cannot be written, a disk that fails.
    ErrorPolicy(OSError, transient=False, exit_code=FAILED),
    ErrorPolicy(sqlite3.Error, transient=False, exit_code=FAILED),
    ErrorPolicy(MemoryError, transient=False, exit_code=FAILED),
    # Of a text or a name of the user's: levels beyond Python's own limit, bytes that are no text.
    ErrorPolicy(RecursionError, transient=False, exit_code=BAD_INPUT),
    ErrorPolicy(UnicodeError, transient=False, exit_code=BAD_INPUT),
)
"""The first one that fits an error holds."""

_ADVICE = {
    FAILED: "Correct what the message names, and run the same command again: what was done is kept.",
    BAD_INPUT: "Correct what the message names, and run the same command again.",
    WAITING: "Look at the plan, and answer it: fw-assets approve NAME --digest DIGEST, on the same workspace.",
    INCOMPLETE: "Run the same command again when the cause that the message names is gone: what was done is kept.",
}

EXPECTED_ERRORS = tuple(policy.error for policy in POLICIES)


def message_of(error: BaseException) -> str:
    """What a person is told of an error."""
    if isinstance(error, sqlite3.Error):
        # The platform's and Dagster's databases have their own errors: this is that of the stored answers.
        return (
            f"the temporary files in {tempfile.gettempdir()} ($TMPDIR): {error}; free some space there, and run again"
        )
    if isinstance(error, MemoryError):
        return (
            "there is not enough memory: allow more (ulimit -v), and run the same command again; what was done is kept"
        )
    if isinstance(error, RecursionError):
        return "something is nested more deeply than can be read; write it with fewer levels"
    return file_fault(error) if isinstance(error, OSError) else str(error)


def kind_of(error: BaseException) -> str:
    """The kind of an error for programs: of the input's first problem, else the error's class in lower case."""
    for item in (error, error.__cause__):
        if isinstance(item, InputError) and item.problems:
            return item.problems[0].kind
        if isinstance(item, StepFailed):
            return item.kind
    name = type(error.__cause__ or error).__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower().removesuffix("-error")


def advice_of(error: BaseException) -> str:
    """What to do about an error: its own advice, or what its exit code stands for."""
    for item in (error, error.__cause__):
        if isinstance(item, InputError) and item.advice:
            return item.advice
    return _ADVICE[exit_code_of(error)]


def question_of(error: BaseException) -> Question | None:
    """What a person can decide so that the error does not come again; None if nothing."""
    for item in (error, error.__cause__):
        if isinstance(item, InputError | StepFailed) and item.question is not None:
            return item.question
    return None


def is_transient(error: BaseException) -> bool:
    """Whether the same step may succeed when it is tried again."""
    policy = _policy_for(error)
    return policy is not None and policy.transient


def exit_code_of(error: BaseException) -> int:
    """The exit code of a command that ends with this error."""
    if isinstance(error, StepFailed):
        return error.exit_code
    policy = _policy_for(error.__cause__ or error)
    return policy.exit_code if policy else FAILED


def retry_delay(retries: int) -> float:
    """Seconds to wait after an attempt that was preceded by `retries` others."""
    return float(FIRST_DELAY_SECONDS * 2**retries)


def _policy_for(error: BaseException) -> ErrorPolicy | None:
    return next((policy for policy in POLICIES if isinstance(error, policy.error)), None)
