from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from fw_assets.classification.intervals import wilson, wilson_bounds, wilson_half_width, wilson_low

COUNT = st.integers(0, 400)


@settings(deadline=None, max_examples=200)
@given(COUNT, COUNT, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_equals_statsmodels(successes: int, failures: int, confidence: float) -> None:
    rows = successes + failures
    if rows:
        interval = wilson(successes, rows, confidence)
        low, high = proportion_confint(successes, rows, 1 - confidence, method="wilson")
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)


def test_known_half_widths() -> None:
    for rows, half in ((200, 0.05), (500, 0.031), (1000, 0.022)):
        interval = wilson(round(0.85 * rows), rows)
        assert (interval.high - interval.low) / 2 == pytest.approx(half, abs=0.001)
        assert (interval.high - interval.low) / 2 == pytest.approx(wilson_half_width(0.85, rows))


def test_many_lower_bounds_at_once() -> None:
    rows = np.array([1, 1, 7, 200, 4_000_000_000])
    successes = np.array([0, 1, 5, 200, 3_999_999_999])
    expected = [wilson(int(hits), int(size), 0.9).low for hits, size in zip(successes, rows, strict=True)]
    assert wilson_low(successes, rows, 0.9) == pytest.approx(expected, abs=1e-12)


def test_nothing_is_known_without_rows() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 successes out of 2"):
        wilson(3, 2)


def test_bounds_for_many_deviates() -> None:
    for successes, rows in ((0, 7), (3, 7), (7, 7), (850, 1000)):
        low, high = wilson_bounds(successes / rows, rows, np.array([0.0, 1.959963984540054]))
        interval = wilson(successes, rows)
        assert (low[0], high[0]) == pytest.approx((successes / rows, successes / rows))
        assert (low[1], high[1]) == pytest.approx((interval.low, interval.high), abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(COUNT, COUNT, st.floats(1, 20))
def test_a_design_effect_is_fewer_rows(successes: int, failures: int, effect: float) -> None:
    rows = successes + failures
    if rows:
        interval, plain = wilson(successes, rows, design_effect=effect), wilson(successes, rows)
        low, high = proportion_confint(successes / effect, rows / effect, method="wilson")
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
        assert wilson(successes, rows, design_effect=1.0) == plain
        assert interval.value == plain.value
