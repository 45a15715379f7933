"""Scope rows: in-scope and out-of-scope rows with the answers and confidences of one model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.prompting.answer_parser import PROBABILITIES

SCOPE_COLUMNS = ("gold", "predicted", "outcome", "confidence", "group")
SCORES = ("label", "margin", "entropy", "none")
"""Confidences that a row belongs to a label: that of the answer, by which `predict` abstains too; the lead of the best
label's probability over the next one's; the negative entropy of the labels' probabilities; and the probability that it
is not the reject label."""

Flags = NDArray[np.bool_]
Values = NDArray[np.float64]


class ScopeRows(NamedTuple):
    """One entry per row that has an answer.

    Attributes:
        is_out: whether the row belongs to no label.
        says_none: whether the answer is the reject label, or no label at all.
        scores: confidences by name, NaN where a row has none; `label` is always there.
    """

    is_out: Flags
    says_none: Flags
    groups: NDArray[np.uint32]
    scores: dict[str, Values]


def scope_rows(predictions: pl.DataFrame, reject_label: str | None) -> ScopeRows:
    """The rows of one model's predictions.

    Args:
        predictions: `SCOPE_COLUMNS`, and `PROBABILITIES` where the model told any; rows of no label have the gold label
            `reject_label`, or none.
    """
    rows = predictions.filter(pl.col("outcome") != "failed")
    gold, said = (pl.col(name).list.first().cast(pl.String) for name in ("gold", "predicted"))
    is_none = gold.is_null() if reject_label is None else gold.is_null() | (gold == reject_label)
    says_none = said.is_null() if reject_label is None else said.is_null() | (said == reject_label)
    # A model that is sure of the reject label is as unsure of every other.
    best = (
        pl.when(said.is_null())
        .then(0.0)
        .when(said == reject_label if reject_label is not None else pl.lit(False))
        .then(1 - pl.col("confidence"))
        .otherwise(pl.col("confidence"))
    )
    frame = rows.select(
        is_out=is_none, says_none=says_none, group=pl.col("group").cast(pl.UInt32), label=best.cast(pl.Float64)
    )
    scores = {"label": frame["label"].fill_null(np.nan).to_numpy()}
    if PROBABILITIES in rows.columns:
        scores |= _of_distributions(rows, reject_label)
    return ScopeRows(frame["is_out"].to_numpy(), frame["says_none"].to_numpy(), frame["group"].to_numpy(), scores)


def _of_distributions(rows: pl.DataFrame, reject_label: str | None) -> dict[str, Values]:
    """The confidences that follow from the probabilities of the labels, where a model told any."""
    kept = (
        rows.select(PROBABILITIES)
        .with_row_index("row")
        .explode(PROBABILITIES)
        .unnest(PROBABILITIES)
        .drop_nulls("label")
        .with_columns(pl.col("p").cast(pl.Float64))
    )
    is_none = pl.lit(False) if reject_label is None else pl.col("label") == reject_label
    labels = kept.filter(~is_none).sort("row", "p", descending=[False, True])
    by_row = labels.group_by("row", maintain_order=True).agg(
        margin=pl.col("p").first() - pl.col("p").get(1, null_on_oob=True).fill_null(0.0),
        entropy=(pl.col("p") * pl.col("p").clip(1e-12).log()).sum(),
    )
    none = kept.filter(is_none).select("row", none=1 - pl.col("p"))
    wide = (
        pl.DataFrame({"row": np.arange(rows.height, dtype=np.uint32)})
        .join(by_row, on="row", how="left", maintain_order="left")
        .join(none, on="row", how="left", maintain_order="left")
    )
    if not kept.height:
        return {}
    found = {name: wide[name].fill_null(np.nan).to_numpy() for name in ("margin", "entropy")}
    if none.height:
        # Of many labels the most probable ones are kept: what is left out is improbable.
        found["none"] = np.where(np.isnan(found["margin"]), np.nan, wide["none"].fill_null(1.0).to_numpy())
    return found
