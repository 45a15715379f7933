"""Expected cost of mistakes: its interval, and the best constant answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.intervals import normal_quantile, wilson
from fw_assets.classification.metrics.expected_cost import (
    Costs,
    RowCosts,
    best_constant,
    expected_cost,
    row_costs,
    unseen_cost,
)
from fw_assets_tests.classification.prediction_frames import costed_frame

LABELS = ("ham", "spam")
COSTS: Costs = {"spam": {"ham": 5}}


def test_the_costs_of_named_and_other_mistakes() -> None:
    rows = row_costs(
        costed_frame(["spam", "spam", "ham", "ham", "spam"], ["ham", "spam", "spam", "ham", None]), LABELS, COSTS
    )
    assert rows.costs.tolist() == [5, 0, 1, 0, 1]
    interval = expected_cost(rows)
    assert interval is not None
    assert interval.value == pytest.approx(7 / 5)
    assert 0 <= interval.low < interval.value < interval.high <= 5
    assert best_constant(rows, LABELS).model_dump() == {"label": "spam", "cost": pytest.approx(2 / 5)}
    assert expected_cost(row_costs(costed_frame([], []), LABELS, COSTS)) is None


def test_with_costs_of_one_it_is_the_share_of_mistakes() -> None:
    generator = np.random.default_rng(1)
    gold = ["ham"] * 400
    given: list[str | None] = ["ham" if right else "spam" for right in generator.random(400) < 0.8]
    interval, share = expected_cost(row_costs(costed_frame(gold, given), LABELS, {})), wilson(given.count("spam"), 400)
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
        interval = expected_cost(row_costs(costed_frame(gold, given), LABELS, {"spam": {"ham": cost}}))
        assert interval is not None
        held += interval.high >= spam * missed * cost
    assert held / cases >= 0.95


def test_few_rows_without_a_mistake_are_not_certain() -> None:
    interval = expected_cost(row_costs(costed_frame(["spam"] * 20, ["spam"] * 20), LABELS, COSTS))
    assert interval is not None
    assert interval.value == interval.low == 0
    assert interval.high > 5 * 0.1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(-100, 100)),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.integers(100, 100_000), min_size=5, max_size=5),
)
def test_unseen_costs_are_those_of_a_computation_label_by_label(
    rows: list[tuple[int, int, int]], cents: list[int]
) -> None:
    gold, groups, hundredths = (np.array(column) for column in zip(*rows, strict=True))
    costs, dearest, quantile = hundredths / 100, np.array(cents) / 100, normal_quantile(0.95) ** 2
    expected = []
    for end in range(1, len(rows) + 1):
        first = [group not in groups[:row] for row, group in enumerate(groups[:end])]
        parts = []
        for label, most in enumerate(dearest):
            of = gold[:end] == label
            share = (of.sum() + 1) / (end + dearest.size)
            seen = np.abs(costs[:end][of]).max(initial=0.0)
            parts.append(share * (most - seen) * quantile / ((of & first).sum() + quantile))
        expected.append(np.sqrt(np.square(parts).sum()))
    found = unseen_cost(gold, costs, groups.astype(np.uint64), dearest, np.arange(len(rows)))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
