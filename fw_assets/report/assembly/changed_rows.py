"""Flips: rows on which base and fine-tuned model disagree in being right, with their texts."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fw_assets.classification.selection.paired_counts import MAX_FLIPS
from fw_assets.report.formatting import clip, valid_unicode
from fw_assets.report.schema.comparison import Flip

MAX_TEXT = 400
"""Characters of a text that the report keeps."""
MAX_ROWS = MAX_FLIPS
"""Rows kept each way."""


def changed_rows(
    base: pl.DataFrame, tuned: pl.DataFrame, texts: Mapping[str, str], *, most: int = MAX_ROWS
) -> tuple[Flip, ...]:
    """Rows that tuning lost, then rows that it gained, at most `most` of each.

    Args:
        base, tuned: predictions of the same rows (`id`, `gold`, `predicted`, `outcome`).
        texts: the input of each row, by id.
    """
    pairs = base.select("id", "gold", "predicted", "outcome").join(
        tuned.select("id", tuned="predicted", after="outcome"), on="id", how="inner", maintain_order="left"
    )
    answered = pairs.filter((pl.col("outcome") != "failed") & (pl.col("after") != "failed"))
    before, after = pl.col("outcome") == "correct", pl.col("after") == "correct"
    parts = (("lost", answered.filter(before & ~after)), ("gained", answered.filter(~before & after)))
    return tuple(
        Flip(
            id=row["id"],
            direction="lost" if direction == "lost" else "gained",
            text=valid_unicode(clip(texts.get(row["id"], ""), MAX_TEXT)),
            gold=tuple(row["gold"]),
            base=tuple(row["predicted"] or ()),
            tuned=tuple(row["tuned"] or ()),
        )
        for direction, frame in parts
        for row in frame.head(most).iter_rows(named=True)
    )
