"""Arm: a way of asking a model that needs no tuning, as a session names it and as the names of its rows end."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

ArmKind = Literal["zero-shot", "descriptions", "decision", "two-stage", "knn"]
ZERO_SHOT = "zero-shot"
"""The model asked as it is, with the names of the labels alone: what every base model is measured by."""
SEPARATOR = "+"
"""Between a model's name and its arm; no platform has it in its names."""
MAX_EXAMPLES = 64
EXAMPLES_TRIED = (2, 4, 8, 16)
"""Numbers of examples of which `knn` takes the one that is best on the validation rows."""
_KINDS: dict[str, ArmKind] = {
    "zero-shot": "zero-shot",
    "descriptions": "descriptions",
    "decision": "decision",
    "two-stage": "two-stage",
}
_KNN = re.compile(r"knn(?:-(?P<examples>[1-9]\d?))?")


class Arm(NamedTuple):
    """One way of asking; `examples` of `knn`, None where the validation rows choose their number."""

    kind: ArmKind
    examples: int | None = None

    def __str__(self) -> str:
        return self.kind if self.examples is None else f"{self.kind}-{self.examples}"

    @property
    def words(self) -> str:
        """What it is, as tables say it."""
        return {"descriptions": "with descriptions", "knn": "few-shot"}.get(self.kind, self.kind)

    @property
    def requests(self) -> int:
        """Requests for one row, at most."""
        return 2 if self.kind == "two-stage" else 1

    @property
    def tried(self) -> tuple[int, ...]:
        """Numbers of examples that the validation rows are asked with; none where there are no examples."""
        if self.kind != "knn":
            return ()
        return EXAMPLES_TRIED if self.examples is None else (self.examples,)

    def of(self, examples: int) -> Arm:
        """The arm with so many examples."""
        return self._replace(examples=examples)


def read_arm(text: str) -> Arm:
    """The arm of that name.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    arm = _read(text.strip().lower())
    if arm is None:
        raise ValueError(
            f"{text!r} is no arm; those that there are: zero-shot, descriptions, decision, two-stage, knn, and "
            f"knn-1 to knn-{MAX_EXAMPLES}"
        )
    return arm


def _read(name: str) -> Arm | None:
    if kind := _KINDS.get(name):
        return Arm(kind)
    if not (found := _KNN.fullmatch(name)):
        return None
    examples = int(found["examples"]) if found["examples"] else None
    return Arm("knn", examples) if examples is None or examples <= MAX_EXAMPLES else None


def arm_name(model: str, arm: Arm) -> str:
    """The name of a model's row under an arm."""
    return f"{model}{SEPARATOR}{arm}"


def arm_of(name: str) -> Arm | None:
    """The arm that a row's name ends in; None for a model that is asked as it is."""
    _, separator, text = name.rpartition(SEPARATOR)
    return _read(text) if separator else None


def without_arm(name: str) -> str:
    """The name of the model that a row asks."""
    return name.rpartition(SEPARATOR)[0] if arm_of(name) else name
