"""Scores against scikit-learn and against figures worked out by hand."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.scores import Scores, Tally, score
from fw_assets_tests.classification.prediction_frames import frame, random_sets, random_single

EXACT = 1e-12
NOTHING = "(no valid label)"


def as_lists(predictions: pl.DataFrame) -> tuple[list[str], list[str]]:
    gold = [labels[0] for labels in predictions.get_column("gold")]
    predicted = [labels[0] if len(labels) else NOTHING for labels in predictions.get_column("predicted")]
    return gold, predicted


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("many", "rows"), [(2, 40), (5, 300), (40, 700)])
def test_every_figure_equals_scikit_learns(many: int, rows: int, seed: int) -> None:
    labels = [f"label {index}" for index in range(many)]
    predictions = random_single(labels, rows, seed, accuracy=0.2 + 0.12 * seed)
    scores = score(predictions, labels, False)
    gold, predicted = as_lists(predictions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        present = [label for label in labels if label in gold]
        precision, recall, f1, support = metrics.precision_recall_fscore_support(
            gold, predicted, labels=labels, zero_division=0
        )
        expected = {
            "accuracy": metrics.accuracy_score(gold, predicted),
            "macro_f1": metrics.f1_score(gold, predicted, labels=present, average="macro", zero_division=0),
            "weighted_f1": metrics.f1_score(gold, predicted, labels=present, average="weighted", zero_division=0),
            "balanced_accuracy": metrics.balanced_accuracy_score(gold, predicted),
            "mcc": metrics.matthews_corrcoef(gold, predicted),
        }
        matrix = metrics.confusion_matrix(gold, predicted, labels=[*labels, NOTHING])
    actual = {name: getattr(scores, name) for name in expected} | {"accuracy": scores.accuracy.value}
    assert actual == pytest.approx(expected, abs=EXACT)
    for index, item in enumerate(scores.per_label):
        assert item.support == support[index]
        assert (item.precision or 0.0) == pytest.approx(precision[index], abs=EXACT)
        assert (item.recall or 0.0) == pytest.approx(recall[index], abs=EXACT)
        assert (item.f1 or 0.0) == pytest.approx(f1[index], abs=EXACT)
    counted = {(one, other): count for one, other, count in scores.confusion}
    for row, one in enumerate(labels):
        for column, other in enumerate([*labels, None]):
            assert counted.get((one, other), 0) == matrix[row, column]
    assert scores.labels_without_rows == tuple(label for label in labels if label not in gold)


def by_hand() -> Scores:
    rows = [
        (["a"], ["a"]),
        (["a"], ["a"]),
        (["a"], ["b"]),
        (["b"], ["b"]),
        (["b"], None),
        (["c"], ["a"]),
    ]
    return score(frame(rows), ("a", "b", "c", "d"), False)


def test_figures_by_hand() -> None:
    scores = by_hand()
    assert scores.rows == scores.scored == 6
    assert scores.accuracy.value == 0.5
    assert scores.coverage == pytest.approx(5 / 6)
    assert scores.answered_accuracy == pytest.approx(3 / 5)
    assert scores.majority_accuracy == 0.5
    assert scores.macro_f1 == pytest.approx((4 / 6 + 2 / 4 + 0) / 3)
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert scores.labels_without_rows == ("d",)
    assert scores.confusion == (
        ("a", "a", 2),
        ("a", "b", 1),
        ("b", "b", 1),
        ("b", None, 1),
        ("c", "a", 1),
    )
    assert scores.most_confused == (("a", "b", 1), ("c", "a", 1))


def test_a_label_without_rows_is_not_a_zero() -> None:
    label = by_hand().per_label[3]
    assert (label.support, label.accuracy, label.recall, label.precision, label.f1) == (
        0,
        None,
        None,
        None,
        None,
    )


def test_lenient_accuracy_stands_beside_the_strict_one() -> None:
    predictions = frame([(["a"], None), (["a"], ["a"])]).with_columns(
        lenient=pl.Series([True, False]), lenient_outcome=pl.Series(["correct", "correct"])
    )
    scores = score(predictions, ("a", "b"), False)
    assert (scores.accuracy.value, scores.lenient_accuracy) == (0.5, 1.0)


def test_failed_rows_are_neither_right_nor_wrong() -> None:
    rows = [(["a"], ["a"]), (["b"], ["a"]), (["b"], None)]
    scores = score(frame(rows, reason="failed"), ("a", "b"), False)
    assert not scores.complete
    assert (scores.rows, scores.scored, scores.accuracy.value) == (3, 2, 0.5)
    assert sum(count for _, _, count in scores.confusion) == 2


def test_no_rows_know_nothing() -> None:
    scores = score(frame([]), ("a", "b"), False)
    assert not scores.complete
    assert (scores.accuracy.low, scores.accuracy.high) == (0.0, 1.0)
    assert scores.macro_f1 is None
    assert scores.mcc is None
    assert scores.labels_without_rows == ("a", "b")


def test_one_label_predicted_throughout_has_no_correlation() -> None:
    assert score(frame([(["a"], ["a"]), (["b"], ["a"])]), ("a", "b"), False).mcc == 0.0


def test_labels_outside_the_set_are_refused() -> None:
    with pytest.raises(ValueError, match="gold label 'x'"):
        score(frame([(["x"], ["a"])]), ("a", "b"), False)
    with pytest.raises(ValueError, match="predicted label 'x'"):
        score(frame([(["a"], ["x"])]), ("a", "b"), False)
    with pytest.raises(ValueError, match="exactly one gold label"):
        score(frame([(["a", "b"], ["a"])]), ("a", "b"), False)


def test_unknown_outcomes_are_refused() -> None:
    predictions = frame([(["a"], ["a"])]).with_columns(outcome=pl.lit("right"))
    with pytest.raises(ValueError, match="unknown outcomes: right"):
        score(predictions, ("a", "b"), False)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", None])), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_order_of_rows_and_spelling_of_labels_change_nothing(
    pairs: list[tuple[str, str | None]], random: object
) -> None:
    rows = [([gold], None if given is None else [given]) for gold, given in pairs]
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    scores = score(frame(rows), "abc", False)
    assert score(frame(shuffled), "abc", False) == scores
    renamed = [([f"<{gold[0]}>"], None if given is None else [f"<{given[0]}>"]) for gold, given in rows]
    other = score(frame(renamed), ("<a>", "<b>", "<c>"), False)
    assert (other.accuracy, other.macro_f1, other.mcc) == (scores.accuracy, scores.macro_f1, scores.mcc)
    assert sum(count for _, count in scores.outcomes) == scores.rows
    assert scores.accuracy.low <= scores.accuracy.value <= scores.accuracy.high
    assert scores.accuracy.value <= scores.lenient_accuracy <= 1


def test_scores_survive_json() -> None:
    scores = by_hand()
    assert Scores.model_validate_json(scores.model_dump_json()) == scores


def test_the_largest_confusions_come_first() -> None:
    predictions = random_single([f"l{index}" for index in range(30)], 4000, 3, accuracy=0.3)
    scores = score(predictions, [f"l{index}" for index in range(30)], False)
    counts = [count for _, _, count in scores.most_confused]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == 20
    assert all(gold != given for gold, given, _ in scores.most_confused)
    off_diagonal = [count for gold, given, count in scores.confusion if given is not None and gold != given]
    assert counts == sorted(off_diagonal, reverse=True)[:20]
    assert np.sum([count for *_, count in scores.confusion]) == 4000


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(*[st.lists(st.sampled_from("abc"), max_size=3, unique=True)] * 2), max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=4),
    multi_label=st.booleans(),
)
def test_rows_counted_in_parts_are_scored_as_if_together(
    rows: list[tuple[list[str], list[str]]], cuts: list[int], multi_label: bool
) -> None:
    if not multi_label:
        rows = [((gold or ["a"])[:1], given[:1]) for gold, given in rows]
    whole = frame([(gold, given or None) for gold, given in rows])
    tally = Tally("abc", multi_label)
    bounds = sorted({0, *(min(cut, whole.height) for cut in cuts), whole.height})
    for start, end in pairwise(bounds):
        tally.add(whole[start:end])
    assert tally.scores() == score(whole, "abc", multi_label)


LETTERS = ("a", "b", "c")


def test_copies_of_a_text_leave_the_intervals_as_they_were() -> None:
    """Every text ten times: the same intervals as of the texts, but for the small-sample factor."""
    for multi_label in (False, True):
        texts = random_sets(LETTERS, 80, 3) if multi_label else random_single(LETTERS, 80, 3)
        one, ten = score(texts, LETTERS, multi_label), score(pl.concat([texts] * 10), LETTERS, multi_label)
        assert (one.groups, ten.groups, ten.rows) == (80, 80, 800)
        assert ten.accuracy.value == one.accuracy.value
        assert ten.accuracy.low == pytest.approx(one.accuracy.low, abs=0.002)
        for many, few in zip(ten.per_label, one.per_label, strict=True):
            assert many.groups == few.support
            assert many.accuracy is not None
            assert few.accuracy is not None
            assert (many.accuracy.low, many.accuracy.high) == pytest.approx(
                (few.accuracy.low, few.accuracy.high), abs=0.02
            )
            assert (many.precision_interval is None) == (few.precision_interval is None)


def test_scores_of_distinct_rows_are_wilsons() -> None:
    scores = score(random_single(LETTERS, 300, 4), LETTERS, False)
    assert scores.accuracy == wilson(scores.outcome("correct"), 300)
    for item in scores.per_label:
        hits = round((item.recall or 0) * item.support)
        assert item.accuracy == wilson(hits, item.support)
        assert item.precision_interval == wilson(hits, item.predicted)
