"""Power of the exact paired test, against enumeration of all tables, statsmodels, and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial
from statsmodels.stats.contingency_tables import mcnemar

from fw_assets.classification.selection.pair_comparison import compare_accuracy
from fw_assets.classification.selection.power import (
    base_discordance,
    discordance_bound,
    exact_power,
    rows_to_show,
    smallest_detectable_difference,
)
from fw_assets.classification.selection.sign_flip import difference_interval, independent
from fw_assets_tests.classification.prediction_frames import frame

RIGHT, WRONG = (["a"], ["a"]), (["a"], ["b"])


def enumerated(rows: int, difference: float, discordance: float, alpha: float) -> float:
    """The same by every table of so many rows, with the test of statsmodels."""
    rate = max(discordance, difference)
    shares = ((rate + difference) / 2, (rate - difference) / 2, 1 - rate)
    total = 0.0
    for gained, lost in itertools.product(range(rows + 1), repeat=2):
        if lost < gained and gained + lost <= rows:
            p = mcnemar([[0, gained], [lost, 0]], exact=True).pvalue
            total += multinomial.pmf((gained, lost, rows - gained - lost), rows, shares) if p < alpha else 0.0
    return total


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 22), st.floats(0.01, 1), st.floats(0, 1), st.sampled_from((0.05, 0.025, 0.01)))
def test_power_is_that_of_all_tables(rows: int, difference: float, discordance: float, alpha: float) -> None:
    expected = enumerated(rows, difference, discordance, alpha)
    assert exact_power(rows, difference, discordance, alpha) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("rows", "rate"), [(77, 0.2), (191, 0.445), (1000, 0.1)])
def test_the_verdict_is_better_as_often_as_promised(rows: int, rate: float) -> None:
    difference = smallest_detectable_difference(rows, rate)
    shares = ((rate + difference) / 2, (rate - difference) / 2, 1 - rate)
    tables = np.random.default_rng(6).multinomial(rows, shares, size=1000)
    better = [difference_interval(independent(int(n), int(g), int(b), 0)).low > 0 for g, b, n in tables]
    assert np.mean(better) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("alpha", "least"), [(0.05, 6), (0.025, 7), (0.01, 8)])
def test_a_test_that_can_never_reject_shows_nothing(alpha: float, least: int) -> None:
    assert [smallest_detectable_difference(n, alpha=alpha) for n in range(least)] == [math.inf] * least
    assert smallest_detectable_difference(least, alpha=alpha) <= 1.0


@settings(deadline=None, max_examples=10)
@given(st.integers(6, 3000), st.floats(0, 1))
def test_the_smallest_difference_has_the_power_and_no_smaller_one_has(rows: int, discordance: float) -> None:
    difference = smallest_detectable_difference(rows, discordance)
    assert exact_power(rows, difference, discordance) >= 0.8
    assert exact_power(rows, difference - 1e-5, discordance) < 0.8


@settings(deadline=None, max_examples=10)
@given(st.floats(0.01, 0.5), st.floats(0, 1), st.sampled_from((0.05, 0.025)))
def test_rows_to_show_suffice_and_one_less_does_not(difference: float, discordance: float, alpha: float) -> None:
    rows = rows_to_show(difference, discordance, alpha)
    assert rows is not None
    assert (
        exact_power(rows, difference, discordance, alpha) >= 0.8 > exact_power(rows - 1, difference, discordance, alpha)
    )


def test_what_no_number_of_rows_shows_has_none() -> None:
    assert rows_to_show(1e-5) is None
    assert exact_power(0, 0.5, 0.5) == exact_power(100, 0.0, 0.5) == 0.0


def test_the_figures_of_one_table() -> None:
    assert smallest_detectable_difference(191, 0.445) == pytest.approx(0.14, abs=0.003)
    assert smallest_detectable_difference(1_000_000) < smallest_detectable_difference(10_000) < 0.02


def test_the_share_is_of_the_rows_that_one_model_alone_gets_right() -> None:
    first, second = frame([RIGHT, RIGHT, WRONG, WRONG, RIGHT]), frame([RIGHT, WRONG, RIGHT, WRONG, RIGHT])
    found = base_discordance(("x", "y"), compare_accuracy(first, second))
    assert found is not None
    assert (found.models, found.rows, found.observed) == (("x", "y"), 5, 0.4)
    assert found.share == pytest.approx(binomtest(2, 5, alternative="less").proportion_ci(0.8, "exact").high)


@given(st.integers(1, 40), st.integers(2, 9), st.data())
def test_copies_tell_no_more_of_the_discordance(texts: int, copies: int, data: st.DataObject) -> None:
    answers = [data.draw(st.sampled_from((RIGHT, WRONG))) for _ in range(texts)]
    groups = list(range(texts))
    once = base_discordance(
        ("x", "y"), compare_accuracy(frame([RIGHT] * texts, groups=groups), frame(answers, groups=groups))
    )
    copied = base_discordance(
        ("x", "y"),
        compare_accuracy(
            frame([RIGHT] * texts * copies, groups=groups * copies), frame(answers * copies, groups=groups * copies)
        ),
    )
    assert once is not None
    assert copied is not None
    assert (copied.observed, copied.rows) == (once.observed, once.rows * copies)
    assert copied.share == pytest.approx(once.share)


@given(st.integers(1, 300), st.data())
def test_the_bound_is_clopper_and_pearsons_and_grows(rows: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, rows - 1))
    bound = discordance_bound(count / rows, rows)
    assert bound == pytest.approx(binomtest(count, rows, alternative="less").proportion_ci(0.8, "exact").high)
    assert count / rows < bound < discordance_bound((count + 1) / rows, rows)
    assert discordance_bound(1.0, rows) == 1.0


@pytest.mark.parametrize("rows", [1, 16, 300])
def test_none_seen_is_not_none(rows: int) -> None:
    alike = frame([RIGHT] * rows)
    found = base_discordance(("x", "y"), compare_accuracy(alike, alike))
    assert found is not None
    assert found.share == pytest.approx(binomtest(0, rows, alternative="less").proportion_ci(0.8, "exact").high)
    assert found.rows == rows
