"""Costs of mistakes: what it costs to give a row another label than its own, by true and by given label.

Right answers cost nothing, and every mistake that is not named costs 1, an answer without a valid label too.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from fw_assets.classification.errors import InputError, Problem, input_error

MAX_COST = 1_000
COST_DIGITS = 2
"""Decimals of a cost, so that sums of costs have exact distributions."""

_MAX_LABEL = 300
_Cost = Annotated[float, Field(ge=0, le=MAX_COST)]
_Label = Annotated[str, Field(min_length=1, max_length=_MAX_LABEL)]


def _checked(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    for label, answers in value.items():
        if not isinstance(label, str):
            raise ValueError(f"the label {label!r} has to be quoted, since YAML reads it as something else than a text")
        if not isinstance(answers, Mapping):
            raise ValueError(f"{label}: expected given labels with their costs, e.g. `{label}: {{another label: 5}}`")
        for answer, cost in answers.items():
            if not isinstance(answer, str):
                raise ValueError(f"{label}: the label {answer!r} has to be quoted, since YAML reads it otherwise")
            if answer == label:
                raise ValueError(f"{label}: a right answer costs nothing, so it has no cost of its own")
            if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost <= MAX_COST:
                raise ValueError(f"{label} given {answer}: expected a cost of 0 to {MAX_COST:,}, found {cost!r:.80}")
            if round(cost, COST_DIGITS) != cost:
                raise ValueError(f"{label} given {answer}: {cost!r} has more than {COST_DIGITS} decimals")
    return value


MistakeCosts = Annotated[
    dict[_Label, Annotated[dict[_Label, _Cost], Field(max_length=5_000)]],
    Field(min_length=1, max_length=5_000),
    BeforeValidator(_checked),
]
"""True label -> given label -> cost."""


def check_costs(costs: Mapping[str, Mapping[str, float]], labels: Sequence[str], *, multi_label: bool) -> None:
    """Raises InputError where a label is unknown, or rows may have several labels."""
    if multi_label:
        message = (
            "rows have several labels here, and costs are those of one label given in place of another; leave costs out"
        )
        raise input_error(message, field="costs")
    known = set(labels)
    unknown = [(gold, label) for gold, answers in costs.items() for label in (gold, *answers) if label not in known]
    if unknown:
        shown = unknown[: InputError.MAX_SHOWN]
        guesses = {label: difflib.get_close_matches(label, labels, n=1) for label in {label for _, label in shown}}
        names = ", ".join(labels[:10]) + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
        problems = []
        for gold, label in shown:
            guess = f" Did you mean {guesses[label][0]}?" if guesses[label] else ""
            message = f"{label!r} is no label of this dataset; the labels are {names}.{guess}"
            problems.append(Problem(kind="session", field=f"costs.{gold}", message=message))
        advice = "Correct the session and run again; nothing was started."
        raise InputError(problems, advice=advice, counts={"session": len(unknown)})


def cost_matrix(costs: Mapping[str, Mapping[str, float]], labels: Sequence[str]) -> NDArray[np.float64]:
    """Costs by true and by given label, shape (labels, labels + 1); the last column is "no valid label"."""
    number, position = len(labels), {label: index for index, label in enumerate(labels)}
    matrix = np.ones((number, number + 1))
    matrix[np.arange(number), np.arange(number)] = 0.0
    for gold, answers in costs.items():
        for answer, cost in answers.items():
            matrix[position[gold], position[answer]] = cost
    return matrix
