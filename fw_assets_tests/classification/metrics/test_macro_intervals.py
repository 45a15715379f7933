"""Intervals of macro-F1 and balanced accuracy: coverage by simulation, groups, and the ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.macro_intervals import MacroIntervals, macro_intervals

Codes = NDArray[np.int64]


def intervals(gold: Codes, predicted: Codes, labels: int, groups: Codes | None = None) -> MacroIntervals:
    recall, precision = ClusterCounter(), ClusterCounter()
    of = (np.arange(gold.size) if groups is None else groups).astype(np.uint32)
    recall.add(of, gold == predicted, gold)
    precision.add(of, gold == predicted, predicted)
    return macro_intervals(recall, precision, labels)


def figures(gold: Codes, predicted: Codes, labels: int) -> tuple[float, float]:
    rows, given, right = (np.bincount(part, minlength=labels) for part in (gold, predicted, gold[gold == predicted]))
    return float((2 * right / (rows + given)).mean()), float((right / rows).mean())


@pytest.mark.parametrize(
    ("shares", "recalls", "rows", "copies"),
    [
        ([0.975, 0.025], [0.99, 0.8], 320, 1),
        ([0.5, 0.5], [0.9, 0.9], 191, 1),
        ([0.25] * 4, [0.8] * 4, 192, 4),
        ([1 / 11] * 11, [0.6] * 11, 638, 1),
    ],
)
def test_they_hold_the_true_figures_in_about_95_of_100_cases(
    shares: list[float], recalls: list[float], rows: int, copies: int
) -> None:
    generator, labels, cases = np.random.default_rng(5), len(shares), 300

    def draw(number: int) -> tuple[Codes, Codes]:
        gold = generator.choice(labels, number, p=shares)
        right = generator.random(number) < np.array(recalls)[gold]
        return gold, np.where(right, gold, (gold + generator.integers(1, labels, number)) % labels)

    truth, held, drawn = figures(*draw(200_000), labels), np.zeros(2), 0
    while drawn < cases:
        gold, predicted = (np.repeat(part, copies) for part in draw(rows // copies))
        if np.bincount(gold, minlength=labels).min() == 0:
            continue
        drawn += 1
        found = intervals(gold, predicted, labels, np.repeat(np.arange(rows // copies), copies))
        for index, (interval, value) in enumerate(zip(found, truth, strict=True)):
            assert interval is not None
            held[index] += interval.low <= value <= interval.high
    assert (held / cases >= 0.91).all()


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_few_groups_of_many_rows_hold_the_true_figures(groups: int, spread: float) -> None:
    """`spread`: the standard deviation of the groups' shares of right answers."""
    generator, labels, rows, recall, cases = np.random.default_rng(7), 4, 200, 0.7, 300

    def draw(number: int) -> tuple[Codes, Codes]:
        gold = generator.integers(0, labels, number * rows)
        strength = recall * (1 - recall) / spread**2 - 1 if spread else 1e9
        right = generator.random(gold.size) < np.repeat(
            generator.beta(recall * strength, (1 - recall) * strength, number), rows
        )
        return gold, np.where(right, gold, (gold + generator.integers(1, labels, gold.size)) % labels)

    truth, held = figures(*draw(4_000), labels), np.zeros(2)
    for _ in range(cases):
        found = intervals(*draw(groups), labels, np.repeat(np.arange(groups), rows))
        for index, (interval, value) in enumerate(zip(found, truth, strict=True)):
            assert interval is not None
            held[index] += interval.low <= value <= interval.high
    assert (held / cases > 0.91).all()


@pytest.mark.parametrize(
    ("gold", "predicted", "groups"),
    [
        ([0, 0], [0, 1], [0, 0]),
        ([0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1]),
        ([0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1]),
        ([0, 0], [0, 1], [0, 1]),
    ],
    ids=["one", "two", "two of two labels", "rows"],
)
def test_groups_that_are_half_right_have_an_interval(gold: list[int], predicted: list[int], groups: list[int]) -> None:
    for interval in intervals(np.array(gold), np.array(predicted), 2, np.array(groups)):
        assert interval is not None
        assert interval.low < interval.value < interval.high


def test_rows_that_are_all_independent_have_the_variance_of_their_influences_alone() -> None:
    gold = np.repeat([0, 1], [600, 400])
    predicted = np.where(np.arange(1000) % 10 < 8, gold, 1 - gold)
    _, balanced = intervals(gold, predicted, 2)
    assert balanced is not None
    variance = (0.16 / 600 + 0.16 / 400) / 4
    assert balanced.high - balanced.low == pytest.approx(2 * 1.96 * variance**0.5, rel=0.01)


def test_the_values_are_the_metrics_and_copies_add_nothing() -> None:
    generator = np.random.default_rng(6)
    gold, predicted = generator.integers(0, 3, 60), generator.integers(0, 3, 60)
    one = intervals(gold, predicted, 3)
    ten = intervals(np.repeat(gold, 10), np.repeat(predicted, 10), 3, np.repeat(np.arange(60), 10))
    for few, many, value in zip(one, ten, figures(gold, predicted, 3), strict=True):
        assert few is not None
        assert many is not None
        assert few.value == pytest.approx(value)
        assert many.value == pytest.approx(value)
        assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.15)


def test_eight_of_eight_rows_of_a_rare_label_are_not_certain() -> None:
    gold = np.repeat([0, 1], [312, 8])
    _, balanced = intervals(gold, gold, 2)
    assert balanced is not None
    assert balanced.value == balanced.high == 1.0
    assert balanced.low < 0.95
    rare = wilson(8, 8)
    assert balanced.low > rare.low


def test_without_rows_there_is_none() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert intervals(nothing, nothing, 2) == (None, None)


@pytest.mark.parametrize("shares", [[0.96, 0.04], [0.7, 0.3], [0.4, 0.3, 0.3]])
@pytest.mark.parametrize("copies", [1, 4])
def test_a_constant_answer_finds_one_label_and_no_other(shares: list[float], copies: int) -> None:
    """Simulation is the oracle: only the share of rows with the label that is always given moves its macro-F1."""
    generator, labels, rows, cases = np.random.default_rng(11), len(shares), 200, 300
    truth, held = 2 * shares[0] / (1 + shares[0]) / labels, 0
    for _ in range(cases):
        gold = np.repeat(generator.choice(labels, rows // copies, p=shares), copies)
        if np.unique(gold).size < labels:
            held += 1
            continue
        groups = np.repeat(np.arange(rows // copies), copies)
        f1, balanced = intervals(gold, np.zeros_like(gold), labels, groups)
        assert f1 is not None
        assert balanced is not None
        assert balanced.low == balanced.value == balanced.high == pytest.approx(1 / labels)
        assert (f1.value, balanced.value) == pytest.approx(figures(gold, np.zeros_like(gold), labels))
        assert 0 <= f1.low < f1.value < f1.high <= 1 / labels
        held += f1.low <= truth <= f1.high
    assert held / cases > 0.91


@pytest.mark.parametrize(("gold", "predicted"), [([0, 0, 0], [0, 0, 0]), ([0, 1, 1], [0, 2, 0]), ([1, 2], [0, 0])])
def test_answers_that_are_not_constant_or_not_among_several_labels_keep_an_interval(
    gold: list[int], predicted: list[int]
) -> None:
    for interval in intervals(np.array(gold), np.array(predicted), 3):
        assert interval is not None
        assert interval.low < interval.high
