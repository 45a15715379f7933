"""The outcome of a cascade, counted by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fw_assets.classification.cascade.answers import PairedAnswers
from fw_assets.classification.cascade.outcome import cascade_frame, cascade_outcome

FREE = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "outcome": ["correct", "wrong_label", "wrong_label", "correct"],
        "confidence": [0.9, 0.8, None, 0.4],
        "group": pl.Series([0, 1, 2, 3], dtype=pl.UInt32),
    }
)
OTHER = FREE.select("id", pl.Series("outcome", ["wrong_label", "correct", "correct", "correct"]), "group")


def test_each_row_is_answered_by_the_one_whose_turn_it_is() -> None:
    test = PairedAnswers.of(FREE, OTHER.reverse())
    found = cascade_outcome(test, 0.8)
    assert (found.asked.value, found.accuracy.value) == (0.5, 0.75)
    assert found.asked.low < 0.5 < found.asked.high
    frame = cascade_frame(FREE, OTHER, 0.8)
    assert frame["outcome"].to_list() == ["correct", "wrong_label", "correct", "correct"]
    assert frame["id"].to_list() == FREE["id"].to_list()


def test_the_curve_goes_from_the_free_model_alone_to_the_other_alone() -> None:
    curve = cascade_outcome(PairedAnswers.of(FREE, OTHER), 0.8).curve
    assert [(step.asked, step.accuracy) for step in curve] == [
        (0, 0.5),
        (0.25, 0.75),
        (0.5, 0.75),
        (0.75, 1),
        (1, 0.75),
    ]


def test_copies_count_as_one() -> None:
    right = np.array([True, True, False, False] * 50)
    alone = PairedAnswers(np.zeros(200), right, right, np.arange(200, dtype=np.uint32))
    copied = PairedAnswers(np.zeros(200), right, right, np.arange(200, dtype=np.uint32) // 2)
    wide, narrow = (cascade_outcome(item, 0.5).accuracy for item in (copied, alone))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="same rows"):
        PairedAnswers.of(FREE, OTHER.with_columns(pl.lit("x").alias("id")).head(1))
