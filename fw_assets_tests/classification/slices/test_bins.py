from __future__ import annotations

from bisect import bisect_left

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.slices.bins import ALL, bin_names, quantile_cuts


@settings(deadline=None)
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


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40)
    | st.lists(st.integers(1_234_567, 1_234_600).map(lambda number: number / 1000), min_size=1, max_size=40)
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40)
    | st.lists(st.integers(10**15, 10**15 + 50), min_size=1, max_size=40),
    st.integers(2, 6),
)
def test_different_bins_have_different_names(values: list[float], bins: int) -> None:
    numbers = pl.Series(values, dtype=pl.Int64 if isinstance(values[0], int) else pl.Float64)
    cuts = quantile_cuts(numbers, bins)
    names, order = bin_names(numbers, cuts)
    assert len(set(order)) == len(order)
    exact = numbers.dtype == pl.Float64 or max(map(abs, values)) < 2**53
    if cuts and exact:
        assert names.to_list() == [order[bisect_left(cuts, value)] for value in values]


def test_equal_numbers_share_a_bin_whatever_its_size() -> None:
    turns = pl.Series([1] * 80 + [2] * 10 + [3] * 5 + [9] * 5)
    assert bin_names(turns, quantile_cuts(turns, 4))[1] == ["1", "above 1"]


_BIG = [
    "above 1,000,000,000,000,000, up to 2,000,000,000,000,000",
    "above 2,000,000,000,000,000, up to 3,000,000,000,000,000",
]
_CLOSE = ["above 0.1234567, up to 0.1234568", "above 0.1234568, up to 0.5"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([10, 20, 30, 41], ["10", "11 to 20", "21 to 30", "above 30"]),
        ([1e15, 2e15, 3e15, 1e22], ["1,000,000,000,000,000", *_BIG, "above 3,000,000,000,000,000"]),
        ([0.1234567, 0.1234568, 0.5, 2.0], ["0.1234567", *_CLOSE, "above 0.5"]),
        ([1, 2, 3, 4], ["1", "2", "3", "above 3"]),
        ([0.5, 1.25, 2.5, 1000.0], ["0.5", "above 0.5, up to 1.25", "above 1.25, up to 2.5", "above 2.5"]),
    ],
)
def test_names_say_the_ends(values: list[float], names: list[str]) -> None:
    numbers = pl.Series(values)
    assert bin_names(numbers, quantile_cuts(numbers, 4))[1] == names


def test_one_bin_of_different_numbers_is_called_so() -> None:
    assert bin_names(pl.Series([1, 2, 3]), [])[1] == [ALL]
