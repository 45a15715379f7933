"""Outcome of a cascade on rows that did not choose its threshold."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.cascade.answers import PairedAnswers
from fw_assets.classification.clusters import prefix_sums
from fw_assets.classification.intervals import wilson
from fw_assets.classification.values import Frozen, Interval

_CURVE_POINTS = 20


class CurveStep(Frozen):
    """The accuracy where the free model answers the rows that it is surest of, and the other one the share `asked`."""

    asked: float
    accuracy: float


class CascadeOutcome(Frozen):
    """A cascade on test rows: what share of them the other model was `asked`, and the share that came out right."""

    asked: Interval
    accuracy: Interval
    curve: tuple[CurveStep, ...]


def cascade_outcome(test: PairedAnswers, threshold: float) -> CascadeOutcome:
    """The outcome with intervals by group, and the curve over all shares, which chose nothing."""
    free = test.confidence >= threshold
    order = np.argsort(-test.confidence, kind="stable")
    right = np.concatenate([[0], np.cumsum(test.free[order])]) + np.concatenate(
        [np.cumsum(test.other[order][::-1])[::-1], [0]]
    )
    steps = np.unique(np.linspace(0, test.rows, _CURVE_POINTS + 1).round().astype(np.int64))
    return CascadeOutcome(
        asked=_share(test.groups, ~free),
        accuracy=_share(test.groups, np.where(free, test.free, test.other)),
        curve=tuple(
            CurveStep(asked=1 - int(step) / test.rows, accuracy=int(right[step]) / test.rows) for step in steps[::-1]
        ),
    )


def cascade_frame(free: pl.DataFrame, other: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The predictions of the cascade: the rows of `free`, with the columns of `other` where it is not sure enough.

    Both have the same columns and rows, and `free` a confidence.
    """
    sure = (pl.col("confidence") >= threshold).fill_null(value=False)
    kept = free.filter(sure)
    rest = other.filter(pl.col("id").is_in(free.filter(~sure)["id"].implode()))
    joined = pl.concat([kept.select(other.columns), rest])
    return free.select("id").join(joined, on="id", how="left", maintain_order="left")


def _share(groups: NDArray[np.uint32], hits: NDArray[np.bool_]) -> Interval:
    if not hits.size:
        return wilson(0, 0)
    effect = float(prefix_sums(groups, hits).design_effects()[-1])
    return wilson(int(hits.sum()), hits.size, design_effect=effect)
