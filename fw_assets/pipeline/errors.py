"""What can stop a phase beyond bad input and the platform's own errors."""

from __future__ import annotations


class PhaseError(Exception):
    """Base of the errors below; each says what to do."""


class Unanswered(PhaseError):
    """Some rows got no answer; what was answered is kept, and no figure is drawn from the rest."""

    def __init__(self, model: str, rows: int, example: str = "") -> None:
        super().__init__(
            f"{rows} requests to {model} failed for good{f' ({example})' if example else ''}; every answer that came "
            "is kept. Materialize this again, or run the same command again, to ask for the missing rows only."
        )


class NotWhatWasEvaluated(PhaseError):
    """A deployment answers, but not as the model that was evaluated."""


class NotApproved(PhaseError):
    """The plan that lies there has no approval, or was rejected."""
