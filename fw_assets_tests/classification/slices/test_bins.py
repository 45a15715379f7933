from __future__ import annotations

from bisect import bisect_left

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.slices.bins import ALL, bin_names, quantile_cuts


@given(st.lists(st.integers(-50, 50) | st.none(), min_size=1, max_size=80), st.integers(1, 6))
def test_every_number_is_in_its_bin_and_bins_are_about_equal(values: list[int | None], bins: int) -> None:
    numbers = pl.Series(values, dtype=pl.Int64)
    cuts = quantile_cuts(numbers, bins)
    known = [value for value in values if value is not None]
    assert len(cuts) < bins
    assert all(min(known) <= cut < max(known) for cut in cuts)
    names, order = bin_names(numbers, cuts)
    if not cuts and known and min(known) == max(known):
        assert set(names.drop_nulls()) == {f"{known[0]}"}
        return
    assert [None if name is None else order.index(name) for name in names] == [
        None if value is None else bisect_left(cuts, value) for value in values
    ]
    assert len(set(order)) == len(order)


def test_equal_numbers_share_a_bin_whatever_its_size() -> None:
    turns = pl.Series([1] * 80 + [2] * 10 + [3] * 5 + [9] * 5)
    assert bin_names(turns, quantile_cuts(turns, 4))[1] == ["1", "above 1"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([10, 20, 30, 41], ["10", "11 to 20", "21 to 30", "above 30"]),
        ([1, 2, 3, 4], ["1", "2", "3", "above 3"]),
        ([0.5, 1.25, 2.5, 1000.0], ["0.5", "above 0.5, up to 1.25", "above 1.25, up to 2.5", "above 2.5"]),
    ],
)
def test_names_say_the_ends(values: list[float], names: list[str]) -> None:
    numbers = pl.Series(values)
    assert bin_names(numbers, quantile_cuts(numbers, 4))[1] == names


def test_one_bin_of_different_numbers_is_called_so() -> None:
    assert bin_names(pl.Series([1, 2, 3]), [])[1] == [ALL]
