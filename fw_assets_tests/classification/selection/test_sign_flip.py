"""The sign-flip test and its interval, against enumeration, the binomial test and statsmodels."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from fw_assets.classification.selection.sign_flip import (
    GroupDifferences,
    SignFlip,
    difference_interval,
    independent,
    sign_flip_test,
)

COUNT = st.integers(0, 300)
STEPS = st.dictionaries(st.integers(-4, 4).filter(bool), st.integers(1, 9), min_size=1)


def flip_test(gained: int, lost: int) -> SignFlip:
    return sign_flip_test(((-1, lost), (1, gained)))


def grouped(steps: dict[int, int], same: int = 0) -> GroupDifferences:
    rows = sum(abs(step) * count for step, count in steps.items()) + same
    return GroupDifferences(rows=rows, groups=rows, effective_rows=rows / 2, steps=tuple(sorted(steps.items())))


@settings(deadline=None, max_examples=80)
@given(COUNT, COUNT)
def test_groups_of_one_row_have_the_exact_mcnemar_test(gained: int, lost: int) -> None:
    test = flip_test(gained, lost)
    assert test.p_value == pytest.approx(mcnemar([[5, lost], [gained, 7]], exact=True).pvalue, rel=1e-12)
    assert test.mid_p <= test.p_value
    assert test == flip_test(lost, gained)
    differences = independent(5, gained, lost, 7)
    assert (differences.rows, differences.groups) == (gained + lost + 12, gained + lost + 12)
    assert differences.value == pytest.approx((gained - lost) / differences.rows)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=10))
def test_every_assignment_of_signs_is_counted(steps: list[int]) -> None:
    sums = [
        abs(sum(s * abs(step) for s, step in zip(signs, steps, strict=True)))
        for signs in product((-1, 1), repeat=len(steps))
    ]
    expected = np.mean(np.array(sums) >= abs(sum(steps)))
    assert sign_flip_test([(step, 1) for step in steps]).p_value == pytest.approx(expected, rel=1e-12)


def test_scipy_finds_the_same_p_value() -> None:
    steps = np.array([3, 3, -1, 2, 2, 1, 1, -2, 5, 1, 1, 4])
    reference = permutation_test((steps,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_test([(int(step), 1) for step in steps]).p_value == pytest.approx(reference.pvalue, rel=1e-12)


def test_copies_of_a_text_are_no_evidence() -> None:
    """20 texts, 5 gained and 1 lost, each of them ten times: the same as the 20 texts alone."""
    texts, copies = independent(7, 5, 1, 7), ((-10, 1), (10, 5))
    assert sign_flip_test(copies) == sign_flip_test(texts.steps)
    assert sign_flip_test(copies).p_value == pytest.approx(0.21875)
    many = GroupDifferences(rows=200, groups=20, effective_rows=20.0, steps=copies)
    assert difference_interval(many) == difference_interval(texts)


def test_large_counts_and_small_probabilities_stay_exact() -> None:
    assert flip_test(50_500, 49_500).p_value == pytest.approx(binomtest(50_500, 100_000).pvalue, rel=1e-6)
    assert flip_test(1_000_000, 1_000_000).p_value == 1.0
    assert flip_test(300, 0).p_value == pytest.approx(2.0**-299, rel=1e-9)
    assert 0 < flip_test(1_000_000, 0).p_value < 1e-300
    mixed = [(1, 400), (2, 100), (-1, 20)]
    ways = np.convolve(binomial(420), np.insert(binomial(100), range(1, 101), 0))
    assert sign_flip_test(mixed).p_value == pytest.approx(2 * ways[:21].sum(), rel=1e-9)


def binomial(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    from scipy.stats import binom

    return np.asarray(binom.pmf(np.arange(count + 1), count, 0.5))


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        flip_test(-1, 2)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.integers(0, 60), st.sampled_from([0.9, 0.95, 0.99]))
def test_interval_and_test_never_disagree(steps: dict[int, int], same: int, confidence: float) -> None:
    differences = grouped(steps, same)
    interval = difference_interval(differences, confidence)
    p_value = sign_flip_test(differences.steps).p_value
    assert -1 <= interval.low <= interval.value <= interval.high <= 1
    assert (p_value < 1 - confidence) == (interval.low > 0 or interval.high < 0)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 200))
def test_the_interval_of_independent_rows_never_disagrees_either(gained: int, lost: int, same: int) -> None:
    interval = difference_interval(independent(same, gained, lost, 0))
    assert (flip_test(gained, lost).p_value < 0.05) == (interval.low > 0 or interval.high < 0)
    swapped = difference_interval(independent(same, lost, gained, 0))
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low), abs=1e-9)


def test_more_confidence_is_a_wider_interval() -> None:
    for differences in (independent(100, 12, 2, 50), grouped({1: 4, -1: 2, 3: 2}, 20)):
        intervals = [difference_interval(differences, confidence) for confidence in (0.5, 0.9, 0.99, 0.9999)]
        assert all(one.low > other.low and one.high < other.high for one, other in pairwise(intervals))


def test_without_a_changed_row_the_interval_is_as_wide_as_the_rows_are_few() -> None:
    few, many = (difference_interval(independent(rows, 0, 0, 0)) for rows in (14, 1400))
    assert few.high == -few.low == pytest.approx(0.2153, abs=1e-4)
    assert many.high < 0.003
    nothing = difference_interval(independent(0, 0, 0, 0))
    assert (nothing.low, nothing.high) == (-1.0, 1.0)


def test_the_test_keeps_its_size() -> None:
    """Of 4,000 simulated tables of equally good models at most 5 % are tests different."""
    tables = np.random.default_rng(5).multinomial(300, (0.7, 0.08, 0.08, 0.14), size=4000)
    tests = [flip_test(int(gained), int(lost)) for _, gained, lost, _ in tables]
    exact = np.mean([one.p_value < 0.05 for one in tests])
    middle = np.mean([one.mid_p < 0.05 for one in tests])
    assert exact <= 0.05
    assert exact <= middle <= 0.06
