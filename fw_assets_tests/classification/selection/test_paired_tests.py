from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fw_assets.classification.selection.paired_tests import holm, holm_levels, smallest_detectable_difference
from fw_assets.classification.selection.sign_flip import sign_flip_test


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]), abs=1e-12)


def test_holm_of_nothing() -> None:
    assert holm([]) == holm_levels([]) == ()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(0.0001, 0.2), min_size=1, max_size=10))
def test_a_test_is_below_its_level_where_its_adjusted_p_is_below_alpha(p_values: list[float]) -> None:
    pairs = zip(p_values, holm_levels(p_values), holm(p_values), strict=True)
    assert all((p < level) == (adjusted < 0.05) for p, level, adjusted in pairs)


@pytest.mark.parametrize(("rows", "rate"), [(300, 0.15), (1000, 0.2), (3000, 0.1)])
def test_the_smallest_detectable_difference_is_found_with_the_wanted_power(rows: int, rate: float) -> None:
    difference = smallest_detectable_difference(rows, rate)
    shares = ((rate + difference) / 2, (rate - difference) / 2)
    tables = np.random.default_rng(6).multinomial(rows, (*shares, 1 - rate), size=2000)
    power = np.mean([sign_flip_test(((-1, int(lost)), (1, int(gained)))).mid_p < 0.05 for gained, lost, _ in tables])
    assert 0.76 <= power <= 0.84


def test_more_rows_find_smaller_differences() -> None:
    smallest = [smallest_detectable_difference(rows) for rows in (0, 1, 5, 20, 100, 1000, 10_000, 1_000_000)]
    assert smallest == sorted(smallest, reverse=True)
    assert smallest[0] == smallest[1] == 1.0
    assert smallest_detectable_difference(1000, 0.05) < smallest_detectable_difference(1000, 0.3)
    assert smallest_detectable_difference(1000, power=0.9) > smallest_detectable_difference(1000)
