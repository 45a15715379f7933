"""Limits of the parts of a dataset: no plan is offered that could measure, choose or train nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.session import MIN_JOB_ROWS, Session

GROUPS_FOR_EVERY_PART = 3
"""Distinct rows of a label, from which on it is in every part (`splits.split.assign_split`)."""


def check_parts(session: Session, rows: Mapping[str, int], label_set: LabelSet) -> None:
    """Refuse parts that are empty, or that no fine-tuning job takes, with the number of rows that would do.

    Args:
        rows: rows of each part.

    Raises:
        InputError: names each part that is too small.
    """
    problems = list(_problems(session, rows))
    if not problems:
        return
    needed = MIN_JOB_ROWS if session.mode == "fine-tune" else 1
    raise InputError(
        problems,
        advice=f"{_distinct(rows, label_set)}What would do: {_enough(session, label_set, needed)}. "
        "Nothing was started.",
    )


def _problems(session: Session, rows: Mapping[str, int]) -> Iterator[Problem]:
    fine_tuned = session.mode == "fine-tune"
    if not rows["test"]:
        yield _problem("train_fraction", "there are no test rows, so nothing can be measured")
    if not rows["validation"]:
        yield _problem("validation_fraction", "there are no validation rows, so nothing can be chosen")
    elif fine_tuned and rows["validation"] < MIN_JOB_ROWS:
        message = f"validation rows: {rows['validation']}, and a job needs at least {MIN_JOB_ROWS}"
        yield _problem("validation_fraction", message)
    if fine_tuned and rows["train"] < MIN_JOB_ROWS:
        yield _problem("train_fraction", f"training rows: {rows['train']}, and a job needs at least {MIN_JOB_ROWS}")


def _distinct(rows: Mapping[str, int], label_set: LabelSet) -> str:
    if label_set.split.eval_dataset:
        # The groups are those of both datasets, and which of them are left for training is not in the label set.
        return (
            "Copies of a text and rows of one conversation, user or group count once and stay together, and training "
            "or validation rows that repeat evaluation rows are left out. "
        )
    total = sum(rows.get(part, 0) for part in ("train", "validation", "test"))
    groups = sum(label_set.groups.values())
    if not label_set.groups or groups == total:
        return ""
    return (
        f"The {total:,} rows are {groups:,} distinct {'one' if groups == 1 else 'ones'}: copies of a text and rows of "
        "one conversation, user or group count once and stay together. "
    )


def _enough(session: Session, label_set: LabelSet, needed: int) -> str:
    """The distinct rows that have every part, in words."""
    labels = len(label_set.labels)
    share = session.validation_fraction * (1.0 if label_set.split.eval_dataset else session.train_fraction)
    a_label = math.ceil(needed / labels)
    each = GROUPS_FOR_EVERY_PART if a_label == 1 else max(GROUPS_FOR_EVERY_PART, math.ceil(a_label / share))
    where = " beside the evaluation rows" if label_set.split.eval_dataset else ""
    return f"{each:,} distinct rows of each of the {labels} labels, {each * labels:,} in all{where}"


def _problem(field: str, message: str) -> Problem:
    return Problem(kind="session", field=field, message=message)
