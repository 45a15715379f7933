"""Errors of the phases; those of the input and of the platform are theirs. `failures` says how each is treated."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.errors import Question


class PhaseError(Exception):
    """Base of the errors below; each says what to do."""


class StepFailed(PhaseError):
    """A step of a command failed in its own process, with that process's message, exit code and kind of error.

    Attributes:
        question: how a person can decide between possible readings of the input, if that is what failed it.
    """

    def __init__(
        self,
        message: str,
        exit_code: int,
        step: str = "",
        kind: str = "step-failed",
        question: Question | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.step = step
        self.kind = kind
        self.question = question

    @classmethod
    def of(cls, errors: Sequence[StepFailed]) -> StepFailed:
        """Several errors as one: each message once, with the exit code of the first."""
        first = errors[0]
        message = "\n".join(dict.fromkeys(map(str, errors)))
        return cls(message, first.exit_code, first.step, first.kind, first.question)


class NotAnAnswer(PhaseError):
    """An approval or a rejection that is nobody's, not to the version of now, or asks for what cannot be."""


class InstanceFault(PhaseError):
    """Dagster's own files are damaged, or cannot be written."""


class NotApproved(PhaseError):
    """The current plan has no approval, or was rejected."""


class PlanOutdated(NotApproved):
    """What an approved plan states of prices or models does not hold any more.

    Args:
        step: what was not started.
        plan: digest of the plan.
        reasons: one sentence each.
        approve: how a person approves the plan made again.
        renewed: its digest; empty where it cannot be made.
    """

    def __init__(self, step: str, plan: str, reasons: Sequence[str], approve: str, renewed: str = "") -> None:
        then = (
            f"The new plan {renewed} waits for approval: {approve}."
            if renewed
            else "It cannot be planned again like this: name other models, and run again."
        )
        changes = " ".join(reason.rstrip(".") + "." for reason in reasons)
        super().__init__(
            f"{step} was not started: since plan {plan} was made, the platform's offer has changed. {changes} "
            f"What was done and paid is kept. {then}"
        )


def first_error(error: Exception) -> Exception:
    """The first error in a group of them, however deep; any other error itself."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
