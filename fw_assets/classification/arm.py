"""Arm: a way of asking a model that needs no tuning, as a session names it and as the names of its rows end."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

ArmKind = Literal["zero-shot", "descriptions", "decision"]
ZERO_SHOT = "zero-shot"
"""The model asked as it is, with the names of the labels alone: what every base model is measured by."""
SEPARATOR = "+"
"""Between a model's name and its arm; no platform has it in its names."""
_ARM = re.compile(r"(?P<kind>zero-shot|descriptions|decision)")


class Arm(NamedTuple):
    """One way of asking."""

    kind: ArmKind

    def __str__(self) -> str:
        return self.kind

    @property
    def words(self) -> str:
        """What it is, as tables say it."""
        return "with descriptions" if self.kind == "descriptions" else self.kind


def read_arm(text: str) -> Arm:
    """The arm of that name.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    if not (found := _ARM.fullmatch(text.strip().lower())):
        raise ValueError(f"{text!r} is no arm; those that there are: zero-shot, descriptions, decision")
    kind: ArmKind = found["kind"]  # type: ignore[assignment]
    return Arm(kind)


def arm_name(model: str, arm: Arm) -> str:
    """The name of a model's row under an arm."""
    return f"{model}{SEPARATOR}{arm}"


def arm_of(name: str) -> Arm | None:
    """The arm that a row's name ends in; None for a model that is asked as it is."""
    _, separator, text = name.rpartition(SEPARATOR)
    return Arm(text) if separator and _ARM.fullmatch(text) else None  # type: ignore[arg-type]


def without_arm(name: str) -> str:
    """The name of the model that a row asks."""
    return name.rpartition(SEPARATOR)[0] if arm_of(name) else name
