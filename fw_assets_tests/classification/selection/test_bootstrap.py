from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from fw_assets.classification.selection.bootstrap import F1Differences, bootstrap_f1
from fw_assets.classification.selection.bootstrap_units import Codes, LabelEvents, UnitCounter


def single(gold: Codes, first: Codes, second: Codes, labels: int) -> LabelEvents:
    row = np.arange(gold.size) * labels
    return LabelEvents(row + gold, row + first, row + second)


def drawn(events: LabelEvents, groups: Codes, labels: int, **options: int) -> F1Differences:
    units = UnitCounter(labels)
    units.add(events, groups.astype(np.uint32))
    return bootstrap_f1(units, **options)


def models(rows: int, labels: int, seed: int) -> tuple[Codes, Codes, Codes]:
    random = np.random.default_rng(seed)
    gold = random.integers(0, labels, rows)
    first = np.where(random.random(rows) < 0.7, gold, random.integers(0, labels, rows))
    second = np.where(random.random(rows) < 0.8, gold, random.integers(0, labels, rows))
    return gold, first, second


def differences(gold: Codes, first: Codes, second: Codes, **options: int) -> F1Differences:
    labels = 6
    groups = np.arange(gold.size)
    return drawn(single(gold, first, second, labels), groups, labels, **{"seed": 1, "resamples": 400, **options})


def test_the_figure_itself_is_scikit_learns() -> None:
    gold, first, second = models(300, 6, 0)
    intervals = differences(gold, first, second)
    for interval, average in ((intervals.macro, "macro"), (intervals.micro, "micro")):
        expected = f1_score(gold, second, average=average) - f1_score(gold, first, average=average)
        assert interval.value == pytest.approx(expected, abs=1e-12)
        assert interval.low < interval.value < interval.high


def test_kinds_are_counted_once_for_the_rows_so_far() -> None:
    units, groups = UnitCounter(6), np.arange(200, dtype=np.uint32)
    units.add(single(*models(200, 6, 4), labels=6), groups)
    kinds = units.kinds()
    assert units.kinds() is kinds
    units.add(single(*models(200, 6, 5), labels=6), groups + 200)
    assert int(units.kinds().sizes.sum()) == 2 * int(kinds.sizes.sum()) == 400


def test_equal_seeds_give_equal_intervals() -> None:
    data = models(200, 6, 1)
    assert differences(*data) == differences(*data)
    assert differences(*data) != differences(*data, seed=2)


def test_a_model_does_not_differ_from_itself() -> None:
    gold, first, _ = models(200, 6, 2)
    intervals = differences(gold, first, first)
    assert (intervals.macro.low, intervals.macro.value, intervals.macro.high) == (0.0, 0.0, 0.0)


def test_swapping_the_models_turns_the_sign() -> None:
    gold, first, second = models(200, 6, 3)
    found, swapped = differences(gold, first, second), differences(gold, second, first)
    assert swapped.macro.value == pytest.approx(-found.macro.value)
    assert swapped.macro.low == pytest.approx(-found.macro.high, abs=0.02)


def test_it_is_the_plain_bootstrap() -> None:
    """Against drawing rows one by one; with every row answered, micro-F1 is accuracy."""
    gold, first, second = models(150, 6, 4)
    random = np.random.default_rng(0)
    resampled = [random.integers(0, 150, 150) for _ in range(3000)]
    gain = (second == gold).astype(int) - (first == gold)
    plain = [gain[rows].mean() for rows in resampled]
    low, high = np.quantile(plain, [0.025, 0.975])
    intervals = differences(gold, first, second, resamples=4000)
    assert (intervals.micro.low, intervals.micro.high) == pytest.approx((low, high), abs=0.015)


def test_many_rows_of_few_kinds_are_drawn_by_count_with_the_same_spread() -> None:
    """1,600 rows over at most 8 kinds take the multinomial way, distinct groups of them the other one."""
    random = np.random.default_rng(7)
    gold = random.integers(0, 2, 1600)
    first, second = gold ^ (random.random(1600) < 0.3), gold ^ (random.random(1600) < 0.2)
    events = single(gold, first, second, 2)
    counted = drawn(events, np.arange(1600), 2, seed=1, resamples=3000)
    spread = np.std(
        [np.mean(((second == gold).astype(int) - (first == gold))[random.integers(0, 1600, 1600)]) for _ in range(2000)]
    )
    assert counted.micro.high - counted.micro.low == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_duplicates_are_one_unit_so_the_interval_is_as_wide_as_without_them() -> None:
    gold, first, second = models(120, 6, 5)
    once = differences(gold, first, second, resamples=3000)
    groups = np.tile(np.arange(120), 5)
    events = single(np.tile(gold, 5), np.tile(first, 5), np.tile(second, 5), 6)
    grouped = drawn(events, groups, 6, seed=1, resamples=3000)
    naive = drawn(events, np.arange(600), 6, seed=1, resamples=3000)
    width = [found.macro.high - found.macro.low for found in (once, grouped, naive)]
    assert width[1] == pytest.approx(width[0], rel=0.08)
    assert width[2] < 0.6 * width[0]


def test_the_interval_covers_the_true_difference() -> None:
    """120 simulated sets of 200 rows; the Monte-Carlo error is 2 points."""
    labels, inside = 3, 0
    for seed in range(120):
        random = np.random.default_rng(100 + seed)
        gold = random.integers(0, labels, 200)
        first = np.where(random.random(200) < 0.7, gold, (gold + 1) % labels)
        second = np.where(random.random(200) < 0.8, gold, (gold + 1) % labels)
        intervals = drawn(single(gold, first, second, labels), np.arange(200), labels, seed=seed, resamples=500)
        inside += intervals.micro.low <= 0.1 <= intervals.micro.high
    assert inside / 120 >= 0.9
