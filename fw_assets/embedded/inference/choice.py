"""Choice of a completion: its text, and how probable the parts are that were chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChosenValue:
    """A label, several, or the value of a field.

    Attributes:
        log_probability: natural.
        alternatives: (value, log probability) of the most probable ones, best first.
    """

    log_probability: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Choice:
    """One choice of a completion.

    Attributes:
        parts: the answer's text; what was chosen stands at the odd places, and what is around it is certain.
        values: what was chosen.
        cut: whether the answer ends where the limit of tokens was.
        uncalibrated: the choice without contextual calibration, where a request asks for both.
    """

    parts: tuple[str, ...]
    values: tuple[ChosenValue, ...]
    cut: bool = False
    uncalibrated: Choice | None = None
