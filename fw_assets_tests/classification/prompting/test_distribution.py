"""Probabilities as predictions keep them."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.prompting.distribution import DISTRIBUTION, TOP_LABELS, WHOLE_LABELS, compact


def test_few_labels_are_kept_whole_and_in_order() -> None:
    assert compact({"a": 0.2, "b": 0.5, "c": 0.2, "d": 0.1}, 4) == [
        {"label": "b", "p": 0.5},
        {"label": "a", "p": 0.2},
        {"label": "c", "p": 0.2},
        {"label": "d", "p": 0.1},
    ]
    assert compact(None, 4) is compact({}, 4) is None


def test_of_many_the_most_probable_are_kept() -> None:
    number = WHOLE_LABELS + 1
    kept = compact({str(index): index / 1275 for index in range(number)}, number)
    assert kept is not None
    assert [item["label"] for item in kept] == [str(number - 1 - place) for place in range(TOP_LABELS)]
    assert pl.Series([kept, None], dtype=DISTRIBUTION).null_count() == 1
