"""Checks of a deployment over many nights: accuracy, coverage, shares of the labels, and flips, against its acceptance.

The null hypothesis of each is that the deployment is no worse (for shares of labels: no other) than when accepted by
more than a margin. Its accepted answers are one draw and the nights are others: a row may come out differently by
chance, and a lucky acceptance is no loss. The unit is the group of duplicate rows, since copies answer alike. The
levels add up to 5 %: the probability that any of the checks ever fails a deployment that did not change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.selection.answer_flips import FlipEvidence, FlipSequence
from fw_assets.classification.selection.sequential_loss import Evidence, LossSequence
from fw_assets.classification.values import Frozen

NIGHT_COLUMNS = ("id", "predicted", "outcome")
ACCEPTED_COLUMNS = (*NIGHT_COLUMNS, "group")

ACCURACY_LEVEL = 0.04
COVERAGE_LEVEL = 0.004
LABELS_LEVEL = 0.003
FLIPS_LEVEL = 0.003
MARGIN = 0.0025
"""Loss of accuracy or of coverage that is none: one row of four hundred."""
LABEL_MARGIN = 0.01
FLIP_MARGIN = 0.01
MAX_LABELS = 30
"""Labels with a test of their own, the most frequent among the accepted answers; the others are tested together."""
_VALID = ("correct", "wrong_label")

Values = NDArray[np.float64]


class LabelShare(Frozen):
    """The share of the rows that were answered with a label; None: any of the less frequent labels."""

    label: str | None
    accepted: float
    evidence: Evidence


class NightFigures(Frozen):
    """One night of a sequence.

    Attributes:
        right, valid, flips: shares of the rows that were right, had a valid label, and had another answer than when
            accepted.
        pooled: right, over the nights of the evidence; low, high: its bounds, valid on all nights together.
        e_value: against no loss of accuracy.
        shown: the checks (`accuracy`, `coverage`, `labels`, `flips`) that show a change on this night.
    """

    date: str
    right: float
    valid: float
    flips: float
    pooled: float
    low: float
    high: float
    e_value: float
    shown: tuple[str, ...]


class NightlyChecks(Frozen):
    """All nights since a deployment was accepted, and what they show on the last one.

    Attributes:
        rows, units: test rows, and groups of duplicates among them.
        right, valid: accepted shares of the rows that were right, that had a valid label.
        label: the label whose share says most.
    """

    rows: int
    units: int
    right: float
    valid: float
    nights: tuple[NightFigures, ...]
    accuracy: Evidence
    coverage: Evidence
    label: LabelShare
    flips: FlipEvidence

    def shown_since(self, check: str) -> str | None:
        """The first of the latest nights in a row on which a check shows a change; None if the last does not."""
        since = None
        for night in self.nights:
            since = (since or night.date) if check in night.shown else None
        return since


class Night(NamedTuple):
    """A date and its answers, with the columns NIGHT_COLUMNS."""

    date: str
    answers: pl.DataFrame


def check_nights(accepted: pl.DataFrame, nights: Iterable[Night]) -> NightlyChecks:
    """The checks of the nights in order; rows in any order.

    Args:
        accepted: the accepted answers, with the columns ACCEPTED_COLUMNS.

    Raises:
        ValueError: there is no night, or one is not about the accepted rows.
    """
    answers = accepted.sort("id")
    ids, rows = answers["id"], answers.height
    unit_of, sizes = grouped_rows(answers["group"])
    unit = float(np.sum(sizes**2)) / max(rows, 1)

    def per_unit(values: NDArray[np.bool_]) -> Values:
        return np.bincount(unit_of, weights=values, minlength=sizes.size).astype(np.float64)

    accepted_labels = answers["predicted"].to_list()
    names = _tested_labels(accepted_labels)
    right, valid = _right(answers), _valid(answers)
    accuracy = LossSequence(per_unit(right), rows, MARGIN, ACCURACY_LEVEL, unit)
    coverage = LossSequence(per_unit(valid), rows, MARGIN, COVERAGE_LEVEL, unit)
    level = LABELS_LEVEL / len(names)
    shares = [
        LossSequence(per_unit(given), rows, LABEL_MARGIN, level, unit, two_sided=True)
        for given in _given(accepted_labels, names)
    ]
    flips = FlipSequence(sizes.size, rows, FLIP_MARGIN, FLIPS_LEVEL, unit)
    figures, before = [], None
    for date, frame in nights:
        night = frame.sort("id")
        if not night["id"].equals(ids):
            raise ValueError(f"the answers of {date} are not about the accepted rows")
        labels = night["predicted"].to_list()
        now_right, now_valid = _right(night), _valid(night)
        loss, uncovered = accuracy.add(per_unit(now_right)), coverage.add(per_unit(now_valid))
        evidence = [shares[i].add(per_unit(given)) for i, given in enumerate(_given(labels, names))]
        drift = int(np.argmax([item.e_value * sequence.level for item, sequence in zip(evidence, shares, strict=True)]))
        other = _differ(accepted_labels, labels)
        flipped = flips.add(per_unit(other), None if before is None else per_unit(_differ(before, labels)))
        before = labels
        shown = {
            "accuracy": loss.shown,
            "coverage": uncovered.shown,
            "labels": evidence[drift].shown,
            "flips": flipped.shown,
        }
        accepted_right = float(right.mean())
        figures.append(
            NightFigures(
                date=date,
                right=float(now_right.mean()),
                valid=float(now_valid.mean()),
                flips=float(other.mean()),
                pooled=accepted_right + loss.difference,
                low=max(0.0, accepted_right + loss.low),
                high=min(1.0, accepted_right + loss.high),
                e_value=loss.e_value,
                shown=tuple(name for name, is_shown in shown.items() if is_shown),
            )
        )
    if not figures:
        raise ValueError("there is no night to check")
    return NightlyChecks(
        rows=rows,
        units=sizes.size,
        right=float(right.mean()),
        valid=float(valid.mean()),
        nights=tuple(figures),
        accuracy=loss,
        coverage=uncovered,
        label=LabelShare(
            label=names[drift], accepted=float(shares[drift].accepted.sum()) / rows, evidence=evidence[drift]
        ),
        flips=flipped,
    )


def grouped_rows(groups: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each row's unit, from 0, and the number of rows of each unit: rows of one duplicate group are one unit."""
    _, unit_of, sizes = np.unique(groups.to_numpy(), return_inverse=True, return_counts=True)
    return unit_of, sizes


def _right(answers: pl.DataFrame) -> NDArray[np.bool_]:
    return (answers["outcome"] == "correct").to_numpy()


def _valid(answers: pl.DataFrame) -> NDArray[np.bool_]:
    return answers["outcome"].is_in(_VALID).to_numpy()


def _tested_labels(answers: Sequence[Sequence[str]]) -> list[str | None]:
    counts = Counter(label for labels in answers for label in labels)
    frequent = sorted(counts, key=lambda label: (-counts[label], label))[:MAX_LABELS]
    return [*frequent, None]


def _given(answers: Sequence[Sequence[str]], names: Sequence[str | None]) -> Iterable[NDArray[np.bool_]]:
    """For each label whether each row was answered with it; for None, with any label that is not named."""
    named = {name: index for index, name in enumerate(names)}
    codes = np.zeros((len(names), len(answers)), dtype=np.bool_)
    for row, labels in enumerate(answers):
        for label in labels:
            codes[named.get(label, named[None]), row] = True
    return codes


def _differ(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    return np.fromiter((a != b for a, b in zip(one, other, strict=True)), dtype=np.bool_, count=len(one))
