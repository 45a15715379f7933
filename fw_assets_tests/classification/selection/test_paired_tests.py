from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fw_assets.classification.selection.paired_tests import holm, holm_levels


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
