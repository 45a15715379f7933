"""Expected cost of mistakes: its interval, the best constant answer, and the confidence threshold by cost."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.metrics.expected_cost import (
    Costs,
    RowCosts,
    best_constant,
    cost_at,
    cost_threshold,
    expected_cost,
    row_costs,
)

LABELS = ("ham", "spam")
COSTS: Costs = {"spam": {"ham": 5}}
AS_IT_IS = Calibration(temperature=1.0, shift=0.0, rows=1, loss_before=0.0, loss_after=0.0)


def frame(
    gold: list[str],
    given: list[str | None],
    confidence: list[float | None] | None = None,
    groups: list[int] | None = None,
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "gold": [[label] for label in gold],
            "predicted": [[] if label is None else [label] for label in given],
            "outcome": ["correct" if g == p else "wrong_label" for g, p in zip(gold, given, strict=True)],
            "confidence": confidence or [None] * len(gold),
            "group": groups or list(range(len(gold))),
        },
        schema_overrides={
            "confidence": pl.Float64,
            "gold": pl.List(pl.String),
            "predicted": pl.List(pl.String),
            "outcome": pl.String,
        },
    )


def test_the_costs_of_named_and_other_mistakes() -> None:
    rows = row_costs(frame(["spam", "spam", "ham", "ham", "spam"], ["ham", "spam", "spam", "ham", None]), LABELS, COSTS)
    assert rows.costs.tolist() == [5, 0, 1, 0, 1]
    interval = expected_cost(rows)
    assert interval is not None
    assert interval.value == pytest.approx(7 / 5)
    assert 0 <= interval.low < interval.value < interval.high <= 5
    assert best_constant(rows, LABELS).model_dump() == {"label": "spam", "cost": pytest.approx(2 / 5)}
    assert expected_cost(row_costs(frame([], []), LABELS, COSTS)) is None


def test_with_costs_of_one_it_is_the_share_of_mistakes() -> None:
    generator = np.random.default_rng(1)
    gold = ["ham"] * 400
    given: list[str | None] = ["ham" if right else "spam" for right in generator.random(400) < 0.8]
    interval, share = expected_cost(row_costs(frame(gold, given), LABELS, {})), wilson(given.count("spam"), 400)
    assert interval is not None
    assert interval.value == pytest.approx(share.value)
    assert (interval.low, interval.high) == pytest.approx((share.low, share.high), abs=0.002)


@pytest.mark.parametrize(("spam", "copies"), [(0.1, 1), (0.5, 1), (0.3, 4)])
def test_the_interval_holds_the_true_cost_in_about_95_of_100_cases(spam: float, copies: int) -> None:
    generator, held, cases = np.random.default_rng(2), 0, 300
    truth = spam * 0.2 * 5 + (1 - spam) * 0.1
    for _ in range(cases):
        texts = 240 // copies
        is_spam = generator.random(texts) < spam
        wrong = generator.random(texts) < np.where(is_spam, 0.2, 0.1)
        costs = np.repeat(np.where(wrong, np.where(is_spam, 5.0, 1.0), 0.0), copies)
        groups = np.repeat(np.arange(texts, dtype=np.uint64), copies)
        dear = float(np.where(is_spam, 5.0, 1.0).mean())
        gold = np.repeat(is_spam.astype(np.int64), copies)
        rows = RowCosts(costs, groups, np.full(costs.size, np.nan), 5.0, dear, np.zeros(2), gold, np.array([1.0, 5.0]))
        interval = expected_cost(rows)
        assert interval is not None
        held += interval.low <= truth <= interval.high
    assert held / cases >= 0.91


@pytest.mark.parametrize(
    ("number", "spam", "missed", "cost"),
    [(161, 0.025, 0.3, 5), (161, 0.025, 0.1, 50), (161, 0.01, 0.1, 50), (500, 0.025, 0.1, 5), (1000, 0.01, 0.1, 5)],
)
def test_rare_and_dear_mistakes_that_were_not_seen_are_in_the_interval(
    number: int, spam: float, missed: float, cost: float
) -> None:
    generator, held, cases = np.random.default_rng(5), 0, 300
    for _ in range(cases):
        is_spam = generator.random(number) < spam
        gold = ["spam" if label else "ham" for label in is_spam]
        wrong = (generator.random(number) < missed) & is_spam
        given: list[str | None] = ["ham" if miss else label for miss, label in zip(wrong, gold, strict=True)]
        interval = expected_cost(row_costs(frame(gold, given), LABELS, {"spam": {"ham": cost}}))
        assert interval is not None
        held += interval.high >= spam * missed * cost
    assert held / cases >= 0.95


def test_few_rows_without_a_mistake_are_not_certain() -> None:
    interval = expected_cost(row_costs(frame(["spam"] * 20, ["spam"] * 20), LABELS, COSTS))
    assert interval is not None
    assert interval.value == interval.low == 0
    assert interval.high > 5 * 0.1


def confident(generator: np.random.Generator, number: int) -> tuple[list[str], list[str | None], list[float | None]]:
    """Half spam; answers that are right as often as their confidence says."""
    gold = ["spam" if row % 2 else "ham" for row in range(number)]
    confidence: NDArray[np.float64] = generator.uniform(0.5, 1.0, number)
    right = generator.random(number) < confidence
    given: list[str | None] = [
        label if hit else ("ham" if label == "spam" else "spam") for label, hit in zip(gold, right, strict=True)
    ]
    return gold, given, [float(value) for value in confidence]


def test_the_threshold_keeps_the_cost_below_the_limit() -> None:
    rows = row_costs(frame(*confident(np.random.default_rng(3), 2000)), LABELS, COSTS)
    strict, loose = (cost_threshold(rows, AS_IT_IS, limit) for limit in (0.3, 0.6))
    assert strict.reached
    assert loose.reached
    assert strict.threshold > loose.threshold
    assert strict.coverage < loose.coverage
    assert strict.cost.high <= 0.3
    fresh = row_costs(frame(*confident(np.random.default_rng(4), 2000)), LABELS, COSTS)
    found = cost_at(fresh, AS_IT_IS, strict.threshold)
    assert found is not None
    assert found.low <= 0.3


def test_a_limit_that_no_confidence_keeps_is_not_reached() -> None:
    rows = row_costs(frame(*confident(np.random.default_rng(3), 60)), LABELS, COSTS)
    assert not cost_threshold(rows, AS_IT_IS, 0.01).reached
    unknown = row_costs(frame(["ham"] * 5, ["ham"] * 5), LABELS, COSTS)
    assert not cost_threshold(unknown, AS_IT_IS, 0.9).reached
    assert cost_at(unknown, AS_IT_IS, 0.5) is None
