from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as reference
from statsmodels.stats.multitest import multipletests

from fw_assets.classification.selection.paired_tests import holm, mcnemar, smallest_detectable_difference

COUNT = st.integers(0, 300)


@settings(deadline=None, max_examples=80)
@given(COUNT, COUNT)
def test_exact_mcnemar_equals_statsmodels_and_the_binomial_test(gained: int, lost: int) -> None:
    test = mcnemar(gained, lost)
    assert test.p_value == pytest.approx(reference([[5, lost], [gained, 7]], exact=True).pvalue, rel=1e-9)
    if gained + lost:
        assert test.p_value == pytest.approx(binomtest(gained, gained + lost).pvalue, rel=1e-9)
    assert test == mcnemar(lost, gained)
    assert 0 <= test.mid_p <= test.p_value <= 1


@pytest.mark.parametrize(
    ("gained", "lost", "p_value", "digits"),
    [(12, 2, 0.013, 3), (30, 18, 0.11, 2), (0, 0, 1.0, 5), (5, 5, 1.0, 5)],
)
def test_known_tables(gained: int, lost: int, p_value: float, digits: int) -> None:
    assert round(mcnemar(gained, lost).p_value, digits) == p_value


def test_mid_p_is_the_exact_value_less_half_of_each_observed_tail() -> None:
    from scipy.stats import binom

    for gained, lost in ((1, 6), (12, 2), (40, 20)):
        fewer, discordant = min(gained, lost), gained + lost
        expected = 2 * binom.cdf(fewer, discordant, 0.5) - binom.pmf(fewer, discordant, 0.5)
        assert mcnemar(gained, lost).mid_p == pytest.approx(expected, rel=1e-9)


def test_large_counts_stay_exact() -> None:
    assert mcnemar(50_500, 49_500).p_value == pytest.approx(binomtest(50_500, 100_000).pvalue, rel=1e-6)
    assert mcnemar(1_000_000, 1_000_000).p_value == 1.0


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]), abs=1e-12)


def test_holm_of_nothing() -> None:
    assert holm([]) == ()


def test_the_test_keeps_its_size() -> None:
    """Of 4,000 simulated tables of equally good models at most 5 % are tests different."""
    tables = np.random.default_rng(5).multinomial(300, (0.7, 0.08, 0.08, 0.14), size=4000)
    tests = [mcnemar(int(gained), int(lost)) for _, gained, lost, _ in tables]
    exact = np.mean([one.p_value < 0.05 for one in tests])
    middle = np.mean([one.mid_p < 0.05 for one in tests])
    assert exact <= 0.05
    assert exact <= middle <= 0.06


@pytest.mark.parametrize(("rows", "rate"), [(300, 0.15), (1000, 0.2), (3000, 0.1)])
def test_the_smallest_detectable_difference_is_found_with_the_wanted_power(rows: int, rate: float) -> None:
    difference = smallest_detectable_difference(rows, rate)
    shares = ((rate + difference) / 2, (rate - difference) / 2)
    tables = np.random.default_rng(6).multinomial(rows, (*shares, 1 - rate), size=2000)
    power = np.mean([mcnemar(int(gained), int(lost)).mid_p < 0.05 for gained, lost, _ in tables])
    assert 0.76 <= power <= 0.84


def test_more_rows_find_smaller_differences() -> None:
    smallest = [smallest_detectable_difference(rows) for rows in (0, 1, 5, 20, 100, 1000, 10_000, 1_000_000)]
    assert smallest == sorted(smallest, reverse=True)
    assert smallest[0] == smallest[1] == 1.0
    assert smallest_detectable_difference(1000, 0.05) < smallest_detectable_difference(1000, 0.3)
    assert smallest_detectable_difference(1000, power=0.9) > smallest_detectable_difference(1000)
