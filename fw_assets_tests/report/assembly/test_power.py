from __future__ import annotations

import numpy as np
import pytest

from fw_assets.classification.selection.sign_flip import sign_flip_test
from fw_assets.report.assembly.power import observed_power
from fw_assets.report.schema.power import power_result
from fw_assets_tests.report.verdict_reports import KnownRun, verdict_report


def test_no_difference_on_the_rows_is_not_taken_for_none_at_all() -> None:
    report = verdict_report(KnownRun(99, 0, 0))
    base = report.candidates[0].base
    assert report.power is not None
    assert base is not None
    assert report.power == power_result(99, 0.0, observed=True, groups=99, accuracy=base.accuracy)
    assert report.power.discordance == pytest.approx(1 - 0.2 ** (1 / 99))
    assert 0.5 < base.accuracy < 0.97


def test_the_pair_counts_what_its_groups_are_worth() -> None:
    pair = verdict_report(KnownRun(55, 6, 5, copies=4)).choice
    assert pair is not None
    assert (pair.rows, pair.groups) == (220, 55)
    assert pair.effective_groups == pytest.approx(55)
    equal = observed_power(pair, [])
    unequal = observed_power(pair.model_copy(update={"effective_groups": 21.4}), [])
    before = observed_power(pair.model_copy(update={"effective_groups": None}), [])
    assert equal == before
    assert equal is not None
    assert unequal is not None
    assert (equal.rows, equal.groups, unequal.rows, unequal.groups) == (55, None, 21, 55)
    assert unequal.difference is not None
    assert equal.difference is not None
    assert unequal.difference > equal.difference


def test_what_unequal_groups_are_said_to_show_is_shown_in_four_of_five_runs() -> None:
    """Half of the rows belong to ten templates, on each of which the two models agree or differ throughout."""
    sizes, random = np.array([20] * 10 + [1] * 200), np.random.default_rng(0)
    worth = int(sizes.sum() ** 2 / (sizes**2).sum())
    shares = []
    for independent in (worth, sizes.size):
        power = power_result(independent, 0.45)
        assert power.difference is not None
        shown = 0
        for _ in range(200):
            drawn = random.random(sizes.size)
            steps = np.where(drawn < (0.45 + power.difference) / 2, sizes, np.where(drawn < 0.45, -sizes, 0))
            kinds, counts = np.unique(steps[steps != 0], return_counts=True)
            test = sign_flip_test(list(zip(kinds.tolist(), counts.tolist(), strict=True)))
            shown += test.p_value < 0.05 and int(steps.sum()) > 0
        shares.append(shown / 200)
    assert shares[0] > 0.8
    assert shares[1] < 0.5, "what as many independent rows would show"
