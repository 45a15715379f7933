"""Accuracy of one model by slices of the test rows, and of two models on each slice.

Slices are looked at together, so each is judged at 5 % over the number of comparisons (Bonferroni): that all intervals
hold has a probability of 95 %, whatever is read off them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter, ShareSums
from fw_assets.classification.intervals import wilson
from fw_assets.classification.selection.group_differences import DifferenceCounter
from fw_assets.classification.selection.share_difference import share_difference, share_difference_p, share_of
from fw_assets.classification.selection.sign_flip import difference_interval, sign_flip_test
from fw_assets.classification.selection.verdict import Verdict, verdict
from fw_assets.classification.slices.slice_fields import SliceField
from fw_assets.classification.values import Frozen, Interval

ALPHA = 0.05


class SliceAccuracy(Frozen):
    """The accuracy of a model on one slice, against that on all other rows.

    Attributes:
        rows, groups: of the slice that were answered, and how many of them are distinct.
        accuracy: with its interval of 95 %; rest: accuracy on the other rows.
        difference: slice minus rest; its interval holds together with those of all slices.
        p_value: of equal accuracies, two-sided; adjusted_p: after adjustment for all comparisons.
        shown_worse: whether the slice is shown to be worse by more than the margin.
    """

    field: str
    name: str
    rows: int
    groups: int
    accuracy: Interval
    rest: float
    difference: Interval
    p_value: float
    adjusted_p: float
    verdict: Verdict
    shown_worse: bool


class SliceChange(Frozen):
    """Two models on one slice: the difference of their accuracies (second minus first), judged with all slices."""

    field: str
    name: str
    before: float
    after: float
    gained: int
    lost: int
    difference: Interval
    p_value: float
    adjusted_p: float
    verdict: Verdict


def comparisons(fields: Sequence[SliceField]) -> int:
    """The number of comparisons of a slice with the rest; the two slices of a field that has only two are one."""
    return sum(1 if len(item.slices) + item.hidden == 2 else len(item.judged) for item in fields if item.judged)


def slice_accuracies(
    rows: pl.DataFrame, fields: Sequence[SliceField], margin: float, alpha: float = ALPHA
) -> tuple[SliceAccuracy, ...]:
    """The accuracy of a model on every slice that is judged, the slice that lies furthest below the rest first.

    Args:
        rows: answered rows: `group`, `right` (Boolean), `slices` (struct: the name of the slice by each field).
        margin: the loss of accuracy (0 to 1) that does not matter.
    """
    number = comparisons(fields)
    groups, right = rows["group"].to_numpy(), rows["right"].to_numpy()
    results = []
    for field, name, inside in _judged(rows, fields):
        own, others = _sums(groups[inside], right[inside]), _sums(groups[~inside], right[~inside])
        if not own.rows[0] or not others.rows[0]:
            continue  # none of them was answered
        share, rest = share_of(own), share_of(others)
        difference = share_difference(rest, share, alpha / number)
        p_value = share_difference_p(rest, share)
        results.append(
            SliceAccuracy(
                field=field,
                name=name,
                rows=int(own.rows[0]),
                groups=int(own.groups[0]),
                accuracy=wilson(int(own.hits[0]), int(own.rows[0]), design_effect=float(own.design_effects()[0])),
                rest=rest.value,
                difference=difference,
                p_value=p_value,
                adjusted_p=min(1.0, number * p_value),
                verdict=verdict(difference, margin),
                shown_worse=difference.high < -margin,
            )
        )
    return tuple(sorted(results, key=lambda item: item.difference.value))


def slice_changes(
    rows: pl.DataFrame, fields: Sequence[SliceField], margin: float, alpha: float = ALPHA
) -> tuple[SliceChange, ...]:
    """Two models on every slice that is judged, in the order of the fields.

    Args:
        rows: rows that both answered: `group`, `before` and `after` (Boolean: whether each got it right), `slices`.
    """
    number = sum(len(field.judged) for field in fields)
    groups, before, after = (rows[name].to_numpy() for name in ("group", "before", "after"))
    results = []
    for field, name, inside in _judged(rows, fields):
        if not inside.any():
            continue
        first, second = before[inside], after[inside]
        counter = DifferenceCounter()
        counter.add(groups[inside], first, second)
        (differences,) = counter.differences()
        p_value = sign_flip_test(differences.steps).p_value
        difference = difference_interval(differences, 1 - alpha / number)
        results.append(
            SliceChange(
                field=field,
                name=name,
                before=float(first.mean()),
                after=float(second.mean()),
                gained=int((~first & second).sum()),
                lost=int((first & ~second).sum()),
                difference=difference,
                p_value=p_value,
                adjusted_p=min(1.0, number * p_value),
                verdict=verdict(difference, margin),
            )
        )
    return tuple(results)


def _judged(rows: pl.DataFrame, fields: Sequence[SliceField]) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Field and name of each slice that is judged, and which rows it has."""
    return [
        (field.name, item.name, (rows["slices"].struct.field(field.name) == item.name).fill_null(False).to_numpy())
        for field in fields
        for item in field.judged
    ]


def _sums(groups: NDArray[np.unsignedinteger], right: NDArray[np.bool_]) -> ShareSums:
    counter = ClusterCounter()
    counter.add(groups, right)
    return counter.sums()
