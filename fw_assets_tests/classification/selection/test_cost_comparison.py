"""Comparison by costs of mistakes: with costs of 1 it is that of the accuracies; units, groups and margins."""

from __future__ import annotations

import polars as pl
import pytest

from fw_assets.classification.metrics.expected_cost import Costs
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.selection.cost_comparison import CostComparison, compare_costs, unseen_text
from fw_assets_tests.classification.prediction_frames import Row, frame, random_single

LABELS = ("a", "b", "c")


def costed(base: pl.DataFrame, tuned: pl.DataFrame, costs: Costs, margin: float = 0.02) -> CostComparison:
    return compare_costs(base, tuned, labels=LABELS, costs=costs, margin=margin)


def test_with_costs_of_one_it_is_the_comparison_of_accuracies() -> None:
    base, tuned = random_single(LABELS, 300, 1), random_single(LABELS, 300, 2, accuracy=0.9)
    by_cost, by_accuracy = costed(base, tuned, {}), compare(base, tuned, labels=LABELS, resamples=0)
    assert by_cost.p_value == by_accuracy.p_value
    assert by_cost.saved.model_dump() == pytest.approx(by_accuracy.difference.model_dump())
    assert (by_cost.verdict, by_cost.rows, by_cost.groups) == (
        by_accuracy.verdict, by_accuracy.rows, by_accuracy.groups,
    )  # fmt: skip


@pytest.mark.parametrize("factor", [2, 7.5, 100])
def test_another_unit_of_cost_changes_nothing_but_the_unit(factor: float) -> None:
    base = frame(times(30, "a", "b") + times(30, "b", "c") + times(40, "c", "c"))
    tuned = frame(times(20, "a", "b") + times(10, "a", "a") + times(30, "b", "b") + times(40, "c", "a"))
    one = {g: {p: 1.0 for p in LABELS if p != g} for g in LABELS} | {"a": {"b": 3.0, "c": 1.0}}
    more = {g: {p: cost * factor for p, cost in answers.items()} for g, answers in one.items()}
    first, second = costed(base, tuned, one), costed(base, tuned, more, margin=0.02 * factor)
    assert second.p_value == first.p_value
    assert second.verdict == first.verdict
    scaled = {name: bound * factor for name, bound in first.saved.model_dump().items()}
    assert second.saved.model_dump() == pytest.approx(scaled)


def times(many: int, gold: str, predicted: str) -> list[Row]:
    return [([gold], [predicted])] * many


def test_dear_mistakes_outweigh_many_cheap_ones() -> None:
    """More rows are right, and they cost more: accuracy and costs disagree."""
    base = frame(times(60, "a", "b") + times(40, "c", "c"))
    tuned = frame(times(60, "a", "a") + times(40, "c", "a"))
    accuracy = compare(base, tuned, labels=LABELS, resamples=0)
    assert accuracy.difference.value == pytest.approx(0.2)
    dear = costed(base, tuned, {"c": {"a": 10}})
    assert (dear.before, dear.after) == pytest.approx((0.6, 4.0))
    assert dear.saved.value == pytest.approx(-3.4)
    assert dear.verdict == "worse"
    assert dear.saved.low < dear.saved.value < dear.saved.high < 0
    assert costed(base, tuned, {}).verdict in ("better", "cannot be told", "as good")


def test_copies_of_a_text_are_one_group() -> None:
    base, tuned = times(60, "a", "a") + times(10, "c", "a"), times(60, "a", "a") + times(10, "c", "c")
    alone = costed(frame(base), frame(tuned), {"c": {"a": 10}})
    groups = [*range(60), *[60] * 10]
    copies = costed(
        frame(base).with_columns(group=pl.Series(groups, dtype=pl.UInt32)),
        frame(tuned).with_columns(group=pl.Series(groups, dtype=pl.UInt32)),
        {"c": {"a": 10}},
    )
    assert alone.verdict == "better"
    assert copies.verdict == "cannot be told"
    assert copies.groups == 61


def test_large_costs_in_small_units_are_compared_all_the_same() -> None:
    base, tuned = random_single(LABELS, 2000, 5), random_single(LABELS, 2000, 6, accuracy=0.9)
    compared = costed(base, tuned, {"a": {"b": 999.99, "c": 0.01}})
    assert compared.saved.low < compared.saved.value < compared.saved.high
    assert compared.saved.value == pytest.approx(compared.before - compared.after, rel=0.01)
    assert (compared.saved.low > 0 or compared.saved.high < 0) == (compared.p_value < 0.05)


@pytest.mark.parametrize("rows", [1, 7, 40, 370])
def test_equal_answers_do_not_rule_out_dear_mistakes_that_were_not_made(rows: int) -> None:
    same = frame(times(rows, "a", "a") + times(2, "b", "b"))
    costs = {"b": {"a": 50.0}}
    compared = costed(same, same, costs)
    assert compared.saved.value == 0
    assert compared.verdict == "cannot be told"
    # On two rows of the dear label none was seen: they may be as many as 66 of 100.
    assert compared.saved.low < -0.3 * 50 * 2 / (rows + 2)


def test_many_rows_of_each_label_do() -> None:
    same = frame(times(4000, "a", "a") + times(4000, "b", "b") + times(4000, "c", "c"))
    assert costed(same, same, {"b": {"a": 5.0}}).verdict == "as good"


def test_it_is_said_where_unseen_mistakes_alone_leave_it_open() -> None:
    """190 rows of a cheap label of which 20 are gained, and 10 of a dear one on which nothing differs."""
    base = frame(times(20, "a", "b") + times(170, "a", "a") + times(10, "b", "b") + times(40, "c", "c"))
    tuned = frame(times(190, "a", "a") + times(10, "b", "b") + times(40, "c", "c"))
    dear, cheap = costed(base, tuned, {"b": {"a": 20.0}}), costed(base, tuned, {})
    assert dear.p_value == cheap.p_value < 0.0001
    assert (dear.verdict, dear.unseen) == ("cannot be told", True)
    assert (cheap.verdict, cheap.unseen) == ("better", False)
    assert dear.absent == cheap.absent == ()
    assert unseen_text(dear.absent) == "mistakes that these rows do not show leave it open"


def test_labels_without_rows_are_named_the_dearest_first() -> None:
    base = frame(times(14, "a", "b") + times(66, "a", "a"))
    tuned = frame(times(80, "a", "a"))
    compared = costed(base, tuned, {"c": {"a": 100.0}})
    assert (compared.p_value < 0.05, compared.verdict, compared.unseen) == (True, "cannot be told", True)
    assert compared.absent == ("c", "b")
    assert unseen_text(compared.absent).endswith("leave it open: c and b have no test rows")
    assert unseen_text(["c"]).endswith(": c has no test rows")
    assert unseen_text(list("abcdefgh")).endswith(": a, b, c, d, e, f and 2 more have no test rows")


@pytest.mark.parametrize("seed", range(8))
def test_a_verdict_that_is_not_by_unseen_mistakes_goes_with_its_test(seed: int) -> None:
    base, tuned = random_single(LABELS, 400, seed), random_single(LABELS, 400, seed + 50, accuracy=0.85)
    for dearest in (1.0, 30.0):
        compared = costed(base, tuned, {"c": {"a": dearest, "b": dearest}})
        assert compared.unseen or (compared.p_value < 0.05) == (compared.verdict in ("better", "worse"))
