from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from fw_assets.classification.metrics.multilabel_scores import MultiLabelScores
from fw_assets.classification.metrics.scores import Scores, score
from fw_assets_tests.classification.prediction_frames import frame, random_sets

EXACT = 1e-12


def sets_of(found: Scores) -> MultiLabelScores:
    assert found.multi is not None
    return found.multi


def indicators(column: pl.Series, labels: list[str]) -> NDArray[np.int64]:
    return np.array([[int(label in row) for label in labels] for row in column.to_list()])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("many", "rows"), [(3, 60), (28, 400)])
def test_every_figure_equals_scikit_learns(many: int, rows: int, seed: int) -> None:
    labels = [f"label {index}" for index in range(many)]
    predictions = random_sets(labels, rows, seed, flip=0.05 * seed)
    scores = score(predictions, labels, True)
    sets = sets_of(scores)
    gold = indicators(predictions.get_column("gold"), labels)
    given = indicators(predictions.get_column("predicted"), labels)
    valid = (predictions.get_column("outcome") != "off_label").to_numpy()
    present = gold.any(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = metrics.f1_score(gold, given, average=None, zero_division=0)
        jaccard = metrics.jaccard_score(gold[valid], given[valid], average="samples", zero_division=1)
        expected = {
            "subset_accuracy": np.mean((gold == given).all(axis=1) & valid),
            "jaccard": jaccard * valid.mean(),
            "hamming": metrics.hamming_loss(gold, given),
            "micro_precision": metrics.precision_score(gold, given, average="micro"),
            "micro_recall": metrics.recall_score(gold, given, average="micro"),
            "micro_f1": metrics.f1_score(gold, given, average="micro"),
            "macro_f1": each[present].mean(),
            "mean_gold": gold.sum(axis=1).mean(),
            "mean_predicted": given.sum(axis=1).mean(),
        }
        precision = metrics.precision_score(gold, given, average=None, zero_division=0)
        recall = metrics.recall_score(gold, given, average=None, zero_division=0)
        weighted = metrics.f1_score(gold, given, average="weighted", zero_division=0)
    assert sets.model_dump() == pytest.approx(expected, abs=EXACT)
    assert scores.weighted_f1 == pytest.approx(weighted, abs=EXACT)
    assert scores.accuracy.value == pytest.approx(expected["subset_accuracy"], abs=EXACT)
    assert [item.precision or 0 for item in scores.per_label] == pytest.approx(list(precision), abs=EXACT)
    assert [item.recall or 0 for item in scores.per_label] == pytest.approx(list(recall), abs=EXACT)


def test_two_empty_sets_agree_and_no_answer_is_not_an_empty_set() -> None:
    scores = score(frame([([], []), ([], None), (["a"], [])]), ("a", "b"), True)
    sets = sets_of(scores)
    assert sets.subset_accuracy == pytest.approx(1 / 3)
    assert sets.jaccard == pytest.approx(1 / 3)
    assert sets.hamming == pytest.approx(1 / 6)
    assert (sets.micro_precision, sets.micro_recall, sets.micro_f1) == (None, 0.0, 0.0)


def test_nothing_to_find_and_nothing_found_is_undefined_not_perfect() -> None:
    scores = score(frame([([], [])]), ("a", "b"), True)
    assert sets_of(scores).micro_f1 is None
    assert scores.macro_f1 is None
    assert scores.accuracy.value == 1.0


def test_the_majority_is_the_most_frequent_set() -> None:
    rows = [(["a", "b"], ["a"]), (["b", "a"], ["a"]), (["a"], ["a"]), ([], ["a"])]
    assert score(frame(rows), ("a", "b"), True).majority_accuracy == 0.5
    empty = [([], ["a"]), ([], ["a"]), (["b"], ["a"])]
    assert score(frame(empty), ("a", "b"), True).majority_accuracy == pytest.approx(2 / 3)


def test_labels_missed_while_others_were_added_are_confused() -> None:
    rows = [(["a", "c"], ["b", "c"]), (["a"], ["b"]), (["b"], ["a", "b"]), (["a", "b"], ["c"])]
    scores = score(frame(rows), ("a", "b", "c"), True)
    assert scores.most_confused == (("a", "b", 2), ("a", "c", 1), ("b", "c", 1))
    assert scores.confusion == ()


def test_repeated_labels_count_once() -> None:
    once = score(frame([(["a", "b"], ["a"])]), ("a", "b"), True)
    assert score(frame([(["a", "b", "a"], ["a", "a"])]), ("a", "b"), True) == once


def test_no_rows_and_json() -> None:
    scores = score(frame([]), ("a", "b"), True)
    assert not scores.complete
    assert Scores.model_validate_json(scores.model_dump_json()) == scores
