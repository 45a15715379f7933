from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from fw_assets.classification.intervals import paired_difference, wilson, wilson_half_width, wilson_low

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
    empty = paired_difference(0, 0, 0, 0)
    assert (empty.low, empty.high) == (-1.0, 1.0)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 successes out of 2"):
        wilson(3, 2)


def test_the_worked_example_of_altman_and_others() -> None:
    """Statistics with confidence (2000), table 6.2: 0.122, 0.011 to 0.226."""
    interval = paired_difference(14, 5, 0, 22)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.1220, 0.0115, 0.2265), abs=1e-4)


@settings(deadline=None, max_examples=150)
@given(COUNT, COUNT, COUNT, COUNT)
def test_the_paired_interval_is_symmetric_and_holds_its_value(both: int, gained: int, lost: int, neither: int) -> None:
    interval = paired_difference(both, gained, lost, neither)
    swapped = paired_difference(both, lost, gained, neither)
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low), abs=1e-12)
    assert -1 <= interval.low <= interval.value <= interval.high <= 1
    failures = paired_difference(neither, gained, lost, both)
    assert (failures.low, failures.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


@pytest.mark.parametrize(("rows", "share"), [(30, 0.5), (100, 0.9), (400, 0.97)])
def test_wilson_covers_as_promised(rows: int, share: float) -> None:
    """The exact coverage, summed over the binomial distribution, is near 95 %."""
    from scipy.stats import binom

    successes = np.arange(rows + 1)
    inside = [wilson(int(k), rows).low <= share <= wilson(int(k), rows).high for k in successes]
    coverage = float(binom.pmf(successes, rows, share)[inside].sum())
    assert 0.92 <= coverage <= 0.985


@pytest.mark.parametrize(
    "cells",
    [(0.70, 0.10, 0.06, 0.14), (0.50, 0.35, 0.02, 0.13), (0.85, 0.05, 0.05, 0.05), (0.3, 0.25, 0.25, 0.2)],
)
@pytest.mark.parametrize("rows", [60, 300])
def test_the_paired_interval_covers_as_promised(cells: tuple[float, ...], rows: int) -> None:
    """Simulated; the Monte-Carlo error of 2,000 draws is 0.5 points."""
    truth = cells[1] - cells[2]
    draws = np.random.default_rng(rows).multinomial(rows, cells, size=2000)
    intervals = [paired_difference(*map(int, draw)) for draw in draws]
    coverage = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert 0.935 <= coverage <= 0.985
