"""Probabilities as predictions keep them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.prompting.distribution import (
    DISTRIBUTION,
    TOP_LABELS,
    WHOLE_LABELS,
    distribution_column,
    most_probable_labels,
)


def test_few_labels_are_kept_whole_and_in_order() -> None:
    column = distribution_column([None, {"a": 0.2, "b": 0.5, "c": 0.2, "d": 0.1}, {}], 4)
    assert column.dtype == DISTRIBUTION
    nothing, kept, empty = column.to_list()
    assert nothing is empty is None
    assert [item["label"] for item in kept] == ["b", "a", "c", "d"]
    assert [item["p"] for item in kept] == pytest.approx([0.5, 0.2, 0.2, 0.1])


def test_of_many_the_most_probable_are_kept() -> None:
    number = WHOLE_LABELS + 1
    told = {str(index): index / 1275 for index in range(number)}
    (kept,) = distribution_column([told], number).to_list()
    expected = [str(number - 1 - place) for place in range(TOP_LABELS)]
    assert [item["label"] for item in kept] == list(most_probable_labels(told, number)) == expected
    assert most_probable_labels({"a": 1.0}, number) == {"a": 1.0}


_ROWS = st.lists(st.none() | st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1, width=32)), max_size=9)


@given(_ROWS)
def test_rows_keep_their_places(told: list[dict[str, float] | None]) -> None:
    found = distribution_column(told, 8).to_list()
    assert len(found) == len(told)
    for row, kept in zip(told, found, strict=True):
        if not row:
            assert kept is None
        else:
            assert {item["label"]: item["p"] for item in kept} == row
            assert [item["p"] for item in kept] == sorted(row.values(), reverse=True)
    again = distribution_column([most_probable_labels(row, 8) if row else None for row in told], 8)
    assert again.to_list() == found
