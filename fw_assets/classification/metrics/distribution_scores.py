"""Scores of whole distributions: top-3 accuracy, log loss and Brier score over classes, and two models' compared.

The log loss is the mean of -ln p(true label), the Brier score that of the squared distance between distribution and
truth, summed over the labels (Brier 1950; 0 to 2). Of many labels the most probable ones are kept: what they lack to
one is shared by the others alike. Intervals of means are normal, with the cluster-robust variance over groups of rows
(Liang and Zeger 1986, with the factor G / (G - 1)); top-3 accuracy has Wilson's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.intervals import normal_quantile, wilson
from fw_assets.classification.values import Frozen, Interval

DISTRIBUTION_COLUMNS = ("id", "gold", "outcome", "group", "probabilities")
MIN_PROBABILITY = 1e-7
"""Below it a true label's probability counts as this: one certain mistake must not outweigh all rows."""
_TOP = 3

Values = NDArray[np.float64]


class DistributionScores(Frozen):
    """Scores of one model's distributions; rows without one are not among them."""

    rows: int
    top3: Interval
    log_loss: Interval
    brier: Interval


class DistributionComparison(Frozen):
    """The second model's scores minus the first's on the rows of which both have a distribution."""

    rows: int
    top3: Interval
    log_loss: Interval
    brier: Interval


class RowScores(NamedTuple):
    """One entry per row that has a distribution.

    Attributes:
        top3: whether the true label is among the three most probable.
        log_loss: in nats.
    """

    ids: pl.Series
    groups: NDArray[np.unsignedinteger]
    top3: NDArray[np.bool_]
    log_loss: Values
    brier: Values


def row_scores(predictions: pl.DataFrame, labels: int) -> RowScores:
    """The scores of each row.

    Args:
        predictions: the columns `DISTRIBUTION_COLUMNS` of single-label rows.
        labels: number of all labels.
    """
    rows = predictions.filter(
        (pl.col("outcome") != "failed") & (pl.col("probabilities").list.len() > 0) & (pl.col("gold").list.len() == 1)
    ).with_columns(gold=pl.col("gold").list.first().cast(pl.String))
    names = pl.col("probabilities").list.eval(pl.element().struct.field("label"))
    values = pl.col("probabilities").list.eval(pl.element().struct.field("p").cast(pl.Float64))
    found = rows.select(
        "id",
        "group",
        "gold",
        number=pl.col("probabilities").list.len(),
        total=values.list.sum(),
        squares=values.list.eval(pl.element() ** 2).list.sum(),
        names=names,
        values=values,
    )
    # The place of the true label; as many as there are entries where it is not among them.
    place = (
        found.with_row_index("row")
        .select("row", "gold", "names")
        .explode("names")
        .with_columns(place=pl.int_range(pl.len()).over("row"))
        .filter(pl.col("names") == pl.col("gold"))
        .select("row", "place")
    )
    found = found.with_row_index("row").join(place, on="row", how="left", maintain_order="left")
    at = found.get_column("place").fill_null(-1).to_numpy().astype(np.int64)
    number = found.get_column("number").to_numpy().astype(np.float64)
    total = found.get_column("total").to_numpy()
    missing = labels - number
    rest = np.where(missing > 0, np.maximum(1 - total, 0.0), 0.0)
    share = rest / np.maximum(missing, 1)
    shown = found.select(pl.col("values").list.get(pl.col("place").fill_null(0))).to_series().to_numpy()
    true = np.where(at >= 0, shown, share)
    squares = found.get_column("squares").to_numpy() + missing.clip(0) * share**2
    return RowScores(
        ids=found.get_column("id"),
        groups=found.get_column("group").to_numpy(),
        top3=(at >= 0) & (at < _TOP),
        log_loss=-np.log(np.clip(true, MIN_PROBABILITY, 1.0)),
        brier=squares - 2 * true + 1,
    )


def distribution_scores(scores: RowScores) -> DistributionScores | None:
    """The means over rows with their 95 % intervals; None without rows."""
    if not scores.ids.len():
        return None
    counter = ClusterCounter()
    counter.add(scores.groups, scores.top3)
    sums = counter.sums()
    hits, rows = int(sums.hits[0]), int(sums.rows[0])
    return DistributionScores(
        rows=rows,
        top3=wilson(hits, rows, design_effect=float(sums.design_effects()[0])),
        log_loss=_mean(scores.log_loss, scores.groups, low=0.0),
        brier=_mean(scores.brier, scores.groups, low=0.0),
    )


def compare_distributions(first: RowScores, second: RowScores) -> DistributionComparison | None:
    """The second minus the first, row by row; None where they have no row in common."""
    places = pl.DataFrame({"id": first.ids}).with_row_index("first")
    pairs = pl.DataFrame({"id": second.ids}).with_row_index("second").join(places, on="id", how="inner")
    if not pairs.height:
        return None
    before, after = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    groups = second.groups[after]

    def difference(one: Values, other: Values) -> Interval:
        return _mean(other[after] - one[before], groups)

    return DistributionComparison(
        rows=pairs.height,
        top3=difference(first.top3.astype(np.float64), second.top3.astype(np.float64)),
        log_loss=difference(first.log_loss, second.log_loss),
        brier=difference(first.brier, second.brier),
    )


def _mean(values: Values, groups: NDArray[np.unsignedinteger], low: float = -math.inf) -> Interval:
    """The mean with its interval; of one group, whose variance nobody knows, a width that says nothing."""
    mean = float(values.mean())
    _, index = np.unique(groups, return_inverse=True)
    sums = np.bincount(index, weights=values - mean)
    number = sums.size
    if number < 2:
        spread = max(1.0, float(np.abs(values).max()))
        return Interval(value=mean, low=max(low, mean - spread), high=mean + spread)
    error = math.sqrt(number / (number - 1) * float((sums**2).sum())) / values.size
    half = normal_quantile(0.95) * error
    return Interval(value=mean, low=max(low, mean - half), high=mean + half)
