"""The sequential test: its level over many nights, its martingale, and how soon it finds a loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.nightly_checks import first_alarms, limit
from fw_assets.classification.selection.nightly_checks import ACCURACY_LEVEL, MARGIN
from fw_assets.classification.selection.sequential_loss import Evidence, LossSequence

ROWS = 400


def sequence(
    accepted: list[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]], *, two_sided: bool = False
) -> LossSequence:
    values = np.asarray(accepted, dtype=np.float64)
    return LossSequence(values, values.size, MARGIN, ACCURACY_LEVEL, two_sided=two_sided)


def history(accepted: list[bool], nights: list[list[bool]]) -> list[Evidence]:
    pools = sequence(accepted)
    return [pools.add(np.asarray(night, dtype=np.float64)) for night in nights]


@pytest.mark.parametrize(("rows", "unstable"), [(191, 0.0), (191, 0.05), (191, 0.2), (1000, 0.05)])
def test_a_deployment_that_did_not_change_seldom_alarms_in_ninety_nights(rows: int, unstable: float) -> None:
    alarms = [first_alarms(rows, unstable, 0.0, seed) for seed in range(40)]
    assert sum(alarm.now <= 90 for alarm in alarms) <= 4, "2 would be 5 %"
    if rows == 1000:
        assert sum(alarm.before <= 90 for alarm in alarms) > 15, "every night on its own"


@pytest.mark.parametrize(("units", "size", "flicker"), [(30, 1, 0.005), (30, 1, 0.1), (190, 1, 0.02), (60, 5, 0.05)])
def test_rows_that_all_flicker_a_little_are_no_loss_in_few_units_and_in_copies(
    units: int, size: int, flicker: float
) -> None:
    shown = 0
    for seed in range(50):
        generator = np.random.default_rng(seed)
        right = np.where(generator.random(units) < 0.85, 1 - flicker, flicker)
        nights = (generator.random((91, units)) < right) * float(size)
        pools = LossSequence(nights[0], units * size, MARGIN, ACCURACY_LEVEL, unit=float(size))
        shown += any(pools.add(night).shown for night in nights[1:])
    assert shown <= 4, "2 would be 4 %"


def test_without_end_the_level_holds_in_the_limit_of_many_units() -> None:
    assert limit(4000, 500) <= ACCURACY_LEVEL


@pytest.mark.parametrize(("rows", "unstable"), [(191, 0.02), (191, 0.05), (1000, 0.05)])
def test_a_loss_of_two_and_a_half_points_is_found_at_least_as_soon_as_before(rows: int, unstable: float) -> None:
    alarms = [first_alarms(rows, unstable, 0.025, seed) for seed in range(60)]
    now, before = (
        [np.quantile(nights, q, method="higher") for q in (0.5, 0.75)]
        for nights in ([alarm.now for alarm in alarms], [alarm.before for alarm in alarms])
    )
    assert now[0] <= 4
    assert all(one <= other for one, other in zip(now, before, strict=True)), (now, before)


def test_a_loss_after_a_good_month_is_found_in_days() -> None:
    nights = [first_alarms(1000, 0.05, 0.05, seed, begin=31).now for seed in range(30)]
    assert 31 <= np.median(nights) <= 38


def test_the_e_process_is_a_supermartingale_where_nothing_changed() -> None:
    """On average at most 1 on every night, and when stopped by its own height; the mean has a standard error."""
    generator = np.random.default_rng(3)
    after, stopped = [], []
    for _ in range(400):
        right = np.where(generator.random(ROWS) < 0.2, generator.random(ROWS), 1.0)
        pools = sequence(generator.random(ROWS) < right)
        values = [pools.add((generator.random(ROWS) < right).astype(np.float64)).e_value for _ in range(16)]
        after.append(values)
        stopped.append(next((value for value in values if value >= 3), values[-1]))
    for values in (*np.asarray(after).T[[0, 1, 3, 7, 15]], np.asarray(stopped)):
        assert values.mean() <= 1 + 3 * values.std() / math.sqrt(len(values))


NIGHTS = st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=9)
ACCEPTED = st.lists(st.booleans(), min_size=12, max_size=12)


@given(ACCEPTED, NIGHTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_does_not_matter(accepted: list[bool], nights: list[list[bool]], chance: object) -> None:
    order = list(range(12))
    chance.shuffle(order)  # type: ignore[attr-defined]
    other = history([accepted[i] for i in order], [[night[i] for i in order] for night in nights])
    for one, two in zip(history(accepted, nights), other, strict=True):
        assert one.e_value == pytest.approx(two.e_value)
        assert one.shown == two.shown


@given(ACCEPTED, NIGHTS, st.integers(0, 11))
@settings(max_examples=60, deadline=None)
def test_a_row_that_is_lost_for_good_lowers_the_share_and_a_row_gained_is_never_an_alarm(
    accepted: list[bool], nights: list[list[bool]], row: int
) -> None:
    before = history(accepted, nights)[-1]
    lost = [[right and index != row for index, right in enumerate(night)] for night in nights]
    after = history(accepted, lost)[-1]
    assert before.first > 1 or after.first > 1 or after.difference <= before.difference
    gained = [[right or was for right, was in zip(night, accepted, strict=True)] for night in nights]
    assert not any(evidence.shown for evidence in history(accepted, gained))


@pytest.mark.parametrize("nights", [1, 2, 5, 17])
def test_it_is_monotone_in_losses(nights: int) -> None:
    """More rows that are wrong on every night, among rows that vary in the same way."""
    generator = np.random.default_rng(0)
    unstable = generator.random((nights, 40)) < 0.5
    values = []
    for lost in range(0, 60, 3):
        pools = sequence(np.ones(ROWS, dtype=np.bool_))
        for night in unstable:
            right = np.ones(ROWS)
            right[:40], right[40 : 40 + lost] = night, 0
            evidence = pools.add(right)
        values.append(evidence.e_value)
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1 / ACCURACY_LEVEL)


def test_a_gain_is_a_change_where_both_sides_count() -> None:
    accepted = np.arange(ROWS) < 100
    for two_sided in (False, True):
        pools = sequence(accepted, two_sided=two_sided)
        evidence = [pools.add((np.arange(ROWS) < 150).astype(np.float64)) for _ in range(3)][-1]
        assert evidence.shown is two_sided
        assert evidence.difference == pytest.approx(0.125)


def test_copies_of_a_row_are_one_unit() -> None:
    """A row in twenty copies that is lost is one loss; twenty rows that are lost are twenty."""
    copies = np.ones(181)
    copies[0] = 20
    lost = copies.copy()
    lost[0] = 0
    pools = LossSequence(copies, 200, MARGIN, ACCURACY_LEVEL, unit=(400 + 180) / 200)
    assert not pools.add(lost).shown
    rows = sequence(np.ones(200, dtype=np.bool_))
    assert rows.add((np.arange(200) >= 20).astype(np.float64)).shown
