"""Scores of distributions against scikit-learn, by hand where labels are left out; intervals by simulation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, top_k_accuracy_score

from fw_assets.classification.metrics.distribution_scores import (
    compare_distributions,
    distribution_scores,
    row_scores,
)
from fw_assets.classification.prompting.distribution import distribution_column


def frame(
    gold: list[str], distributions: list[dict[str, float] | None], groups: list[int] | None = None
) -> pl.DataFrame:
    number = len(gold)
    labels = max((len(each) for each in distributions if each), default=2)
    return pl.DataFrame(
        {
            "id": [str(row) for row in range(number)],
            "gold": [[label] for label in gold],
            "outcome": ["correct"] * number,
            "group": pl.Series(groups or range(number), dtype=pl.UInt32),
            "probabilities": distribution_column(distributions, labels),
        }
    )


@given(st.integers(3, 8), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_all_labels_are_scored_as_scikit_learn_scores_them(many: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.full(many, 0.7), rows).clip(1e-5)
    values /= values.sum(axis=1, keepdims=True)
    labels = [f"l{index}" for index in range(many)]
    gold = rng.integers(0, many, rows)
    distributions: list[dict[str, float] | None] = [dict(zip(labels, row, strict=True)) for row in values]
    scores = distribution_scores(row_scores(frame([labels[index] for index in gold], distributions), many))
    assert scores is not None
    every = range(many)
    assert scores.rows == rows
    assert scores.log_loss.value == pytest.approx(log_loss(gold, values, labels=every), rel=1e-4)
    if many > 3:
        assert scores.top3.value == pytest.approx(top_k_accuracy_score(gold, values, k=3, labels=every))
    truth = np.eye(many)[gold]
    assert scores.brier.value == pytest.approx(((values - truth) ** 2).sum(axis=1).mean(), abs=1e-5)


def test_what_was_left_out_shares_the_rest() -> None:
    predictions = frame(["a", "z"], [{"a": 0.6, "b": 0.2}, {"a": 0.6, "b": 0.2}])
    scores = row_scores(predictions, 6)
    # Four labels share 0.2, so each has 0.05.
    assert scores.log_loss == pytest.approx(-np.log([0.6, 0.05]))
    assert scores.brier == pytest.approx([0.16 + 0.04 + 4 * 0.0025, 0.36 + 0.04 + 0.95**2 + 3 * 0.0025])
    assert scores.top3.tolist() == [True, False]


def test_rows_without_a_distribution_are_left_out() -> None:
    predictions = frame(["a", "a", "a"], [{"a": 1.0, "b": 0.0}, None, {"a": 1.0, "b": 0.0}])
    predictions = predictions.with_columns(outcome=pl.Series(["correct", "correct", "failed"]))
    scores = distribution_scores(row_scores(predictions, 2))
    assert scores is not None
    assert scores.rows == 1
    assert distribution_scores(row_scores(predictions.head(0), 2)) is None


def test_a_certain_mistake_counts_as_much_as_it_may() -> None:
    scores = row_scores(frame(["b"], [{"a": 1.0, "b": 0.0}]), 2)
    assert scores.log_loss.tolist() == pytest.approx([-np.log(1e-7)])
    assert scores.brier.tolist() == pytest.approx([2.0])


def test_two_models_are_compared_row_by_row() -> None:
    gold = ["a", "b"] * 20
    before = row_scores(frame(gold, [{"a": 0.6, "b": 0.4}] * 40), 2)
    after = row_scores(frame(gold, [{label: 0.9, "ab".replace(label, ""): 0.1} for label in gold]).tail(30), 2)
    comparison = compare_distributions(before, after)
    assert comparison is not None
    assert comparison.rows == 30
    expected = -np.log(0.9) - np.mean([-np.log(0.6), -np.log(0.4)])
    assert comparison.log_loss.value == pytest.approx(expected, rel=1e-5)
    assert comparison.log_loss.high < 0
    assert comparison.top3.value == 0
    assert compare_distributions(before, row_scores(frame(gold, [None] * 40), 2)) is None


def test_the_interval_holds_the_truth_as_often_as_it_says_with_rows_in_groups() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(300):
        shared = rng.beta(4, 4, 60).clip(0.02, 0.98)
        values = np.repeat(shared, 3)
        gold = ["a"] * values.size
        distributions: list[dict[str, float] | None] = [{"a": float(p), "b": float(1 - p)} for p in values]
        groups = np.repeat(np.arange(60), 3).tolist()
        scores = distribution_scores(row_scores(frame(gold, distributions, groups), 2))
        assert scores is not None
        held.append(scores.brier.low <= 2 * (4 / 8 * 5 / 9) <= scores.brier.high)  # E (1 - p)^2 of a beta(4, 4)
    assert 0.9 <= np.mean(held) <= 0.99
