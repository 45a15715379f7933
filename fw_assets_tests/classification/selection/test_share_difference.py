from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.selection.share_difference import (
    Share,
    share_difference,
    share_difference_p,
    share_of,
)

counts = st.integers(1, 300).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))


def share(hits: int, rows: int) -> Share:
    return Share(hits / rows, float(rows), math.inf)


@given(counts, counts, st.floats(1e-6, 0.5))
def test_the_bounds_are_those_of_both_shares_in_squares(
    first: tuple[int, int], second: tuple[int, int], level: float
) -> None:
    (low, high), (other_low, other_high) = (
        proportion_confint(*item, alpha=level, method="beta") for item in (second, first)
    )
    before, after = first[0] / first[1], second[0] / second[1]
    found = share_difference(share(*first), share(*second), level)
    assert found.value == pytest.approx(after - before)
    assert found.low == pytest.approx(max(-1, after - before - math.hypot(after - low, other_high - before)), abs=1e-9)
    assert found.high == pytest.approx(min(1, after - before + math.hypot(high - after, before - other_low)), abs=1e-9)


@given(counts, counts)
def test_the_p_value_is_the_level_at_which_the_interval_touches_0(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    one, other = share(*first), share(*second)
    p = share_difference_p(one, other)
    assert p == pytest.approx(share_difference_p(other, one))
    if 1e-11 < p < 0.99:
        for level, holds in ((p * 1.02, False), (p * 0.98, True)):
            interval = share_difference(one, other, level)
            assert (interval.low <= 0 <= interval.high) == holds
    if one.value == other.value:
        assert p == 1


@given(counts, counts, st.sampled_from([0.2, 0.05, 0.001]))
def test_the_mirror_has_the_mirrored_interval(first: tuple[int, int], second: tuple[int, int], level: float) -> None:
    forth = share_difference(share(*first), share(*second), level)
    mirrored = share_difference(share(*second), share(*first), level)
    assert (forth.low, forth.high) == pytest.approx((-mirrored.high, -mirrored.low))


@given(st.integers(20, 80), st.integers(2, 6), st.integers(0, 10_000))
def test_copies_of_rows_make_nothing_more_certain(groups: int, copies: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    right = random.random((2, groups)) < np.array([[0.6], [0.8]])
    numbers = np.arange(groups, dtype=np.uint32)

    def counted(repeat: int) -> list[Share]:
        shares = []
        for side in right:
            counter = ClusterCounter()
            counter.add(np.repeat(numbers, repeat), np.repeat(side, repeat))
            shares.append(share_of(counter.sums()))
        return shares

    alone, copied = share_difference_p(*counted(1)), share_difference_p(*counted(copies))
    assert copied >= alone * (1 - 1e-6)
    assert copied <= max(8 * alone, 0.05) or alone > 0.05


@pytest.mark.parametrize("level", [1.0, 1 - 1e-16, 1 - 1e-12, 1 - 1e-6])
def test_the_bounds_near_a_level_of_1_are_those_of_the_limit(level: float) -> None:
    first, second = Share(0.4, 30.0, 4.0), Share(0.6, 30.0, 4.0)
    found, limit = share_difference(first, second, level), share_difference(first, second, 0.9999)
    assert (found.low, found.high) == pytest.approx((limit.low, limit.high), abs=2e-3)
