"""The check for losses of labels: its size, what it sees, groups, and exactness against enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.selection.bootstrap_units import Kinds, LabelEvents, UnitCounter
from fw_assets.classification.selection.label_losses import SEEN, LabelLosses, label_losses

Codes = NDArray[np.int64]
POLICY = GatePolicy()


def kinds(gold: Codes, first: Codes, second: Codes, labels: int, groups: Codes | None = None) -> Kinds:
    units, rows = UnitCounter(labels), np.arange(gold.size) * labels
    units.add(
        LabelEvents(rows + gold, rows + first, rows + second),
        (np.arange(gold.size) if groups is None else groups).astype(np.uint32),
    )
    return units.kinds()


def other(gold: Codes, labels: int, generator: np.random.Generator) -> Codes:
    """Another label than each row's own, at random."""
    return (gold + generator.integers(1, labels, gold.size)) % labels


def equal_models(labels: int, rows: int, generator: np.random.Generator) -> tuple[Codes, Codes, Codes]:
    """Two models that are right in 90 % of the rows of each label, and disagree in 10 %."""
    gold = np.repeat(np.arange(labels), rows)
    right = generator.random(gold.size) < 0.9
    again = right ^ (generator.random(gold.size) < np.where(right, 0.05 / 0.9, 0.5))
    answers = [np.where(hits, gold, other(gold, labels, generator)) for hits in (right, again)]
    return gold, answers[0], answers[1]


def test_without_a_loss_it_objects_in_at_most_alpha_of_the_cases() -> None:
    generator, objections = np.random.default_rng(1), 0
    for _ in range(200):
        losses = label_losses(kinds(*equal_models(8, 25, generator), 8), 8, POLICY)
        objections += bool((losses.p_values < POLICY.alpha).any())
    assert objections / 200 <= POLICY.alpha + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_a_loss_that_is_said_to_be_seen_is_seen_that_often() -> None:
    generator, labels, rows = np.random.default_rng(2), 40, 40
    seen, smallest, cases = 0, [], 60
    for _ in range(cases):
        gold, first, second = equal_models(labels, rows, generator)
        smallest.append(label_losses(kinds(gold, first, second, labels), labels, POLICY).seen[0])
        lost = (gold == 0) & (second == 0) & (generator.random(gold.size) < smallest[-1] / 0.9)
        second = np.where(lost, other(gold, labels, generator), second)
        seen += label_losses(kinds(gold, first, second, labels), labels, POLICY).p_values[0] < POLICY.alpha
    assert np.std(smallest) < 0.03
    assert seen / cases == pytest.approx(SEEN, abs=0.15)


def by_enumeration(gold: Codes, first: Codes, second: Codes, labels: int) -> float:
    """The p-value of the largest loss of recall in units of the label's own steps, over all assignments."""
    steps = np.array(
        [
            [(g == k) * (int(b == k) - int(a == k)) for k in range(labels)]
            for g, a, b in zip(gold, first, second, strict=True)
        ]
    )
    steps = steps[np.abs(steps).sum(axis=1) > 0]
    scale = np.sqrt((steps**2).sum(axis=0))
    scale[scale == 0] = np.inf
    signs = np.array(list(itertools.product((-1, 1), repeat=len(steps))))
    maxima = (-(signs @ steps) / scale).max(axis=1)
    return float((maxima >= (-steps.sum(axis=0) / scale).max() - 1e-9).mean())


def test_one_label_with_losses_alone_has_the_exact_p_value() -> None:
    """With one checked label that only loses, all four statistics order the tosses alike."""
    gold = np.repeat([0, 1], [30, 2])
    first = gold.copy()
    second = np.where(np.arange(32) < 5, 1, gold)
    losses = label_losses(kinds(gold, first, second, 2), 2, POLICY)
    assert losses.p_values[0] == pytest.approx(by_enumeration(gold[:30], first[:30], second[:30], 1), abs=0.02)
    assert np.isnan(losses.p_values[1])


def test_copies_are_one_unit() -> None:
    """Five lost rows are a loss; one lost text in five copies is none."""
    gold = np.repeat([0, 1], [40, 40])
    second = np.where(np.arange(80) < 8, 1, gold)
    alone = label_losses(kinds(gold, gold, second, 2), 2, POLICY)
    groups = np.where(np.arange(80) < 8, 0, np.arange(80))
    copies = label_losses(kinds(gold, gold, second, 2, groups), 2, POLICY)
    assert alone.p_values[0] < 0.05 < copies.p_values[0]


def test_gains_and_unchanged_labels_are_no_losses() -> None:
    gold = np.repeat([0, 1, 2], 30)
    first = np.where((gold == 0) & (np.arange(90) < 20), 1, gold)
    losses = label_losses(kinds(gold, first, gold, 3), 3, POLICY)
    assert losses.p_values.tolist() == [1.0, 1.0, 1.0]
    same = label_losses(kinds(gold, first, first, 3), 3, POLICY)
    assert same.p_values.tolist() == [1.0, 1.0, 1.0]


def test_what_cannot_be_seen_is_not_claimed() -> None:
    gold = np.repeat([0, 1], 25)
    generator = np.random.default_rng(3)
    first = np.where(generator.random(50) < 0.1, gold, 1 - gold)
    losses = label_losses(kinds(gold, first, other(gold, 2, generator), 2), 2, POLICY)
    assert np.isnan(losses.seen).all()
    few = label_losses(kinds(gold, gold, gold, 2), 2, GatePolicy(label_rows=26))
    assert np.isnan([*few.p_values, *few.seen]).all()


def test_equal_seeds_lead_to_equal_results() -> None:
    counted = kinds(*equal_models(8, 25, np.random.default_rng(4)), 8)
    one, two = (label_losses(counted, 8, POLICY, seed=7) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first, second, equal_nan=True)
    assert isinstance(one, LabelLosses)
