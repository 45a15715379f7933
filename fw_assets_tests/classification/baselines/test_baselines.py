"""What needs no language model, against its closed form and against scikit-learn used directly."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import polars as pl
import pytest

from fw_assets.classification.baselines import tfidf as tfidf_module
from fw_assets.classification.baselines.baselines import BASELINES, WordBaseline, baseline_method, fit_baseline
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.prompting.answer_parser import PREDICTIONS, PROBABILITIES
from fw_assets.classification.prompting.distribution import DISTRIBUTION
from fw_assets.classification.prompting.prompt import Prompt

WORDS = {"billing": "invoice charge refund", "technical": "crash error login", "sales": "price offer buy"}


def prompt(multi_label: bool = False) -> Prompt:
    labels = tuple(WORDS)
    return Prompt(
        system=None,
        labels=labels,
        answers=None if multi_label else labels,
        mode="json_schema" if multi_label else "grammar",
        json_key="labels" if multi_label else None,
        multi_label=multi_label,
        max_tokens=32,
    )


def rows(count: int, offset: int = 0, several: bool = False) -> pl.DataFrame:
    """Row i is about label i mod 5 (0 to 2: billing); with `several`, every third also about sales."""
    names = ["billing", "billing", "billing", "technical", "sales"]
    records = []
    for i in range(offset, offset + count):
        labels = [names[i % 5]]
        if several and i % 3 == 0 and "sales" not in labels:
            labels.append("sales")
        words = " ".join(WORDS[label].split()[i % 3] + f" {WORDS[label]}" for label in labels)
        text = json.dumps([{"role": "user", "content": f"case {i}: {words}"}, {"role": "assistant", "content": "x"}])
        records.append((f"train:{i}", text, labels, i, None))
    schema: dict[str, Any] = {"id": pl.String, "messages": pl.String, "labels": pl.List(pl.String), "group": pl.UInt32}
    return pl.DataFrame(records, schema={**schema, "weight": pl.Float64}, orient="row")


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_majority_baseline_is_the_closed_form(multi_label: bool) -> None:
    train, test = rows(50, several=multi_label), rows(30, 100, several=multi_label)
    predictions = fit_baseline("majority", prompt(multi_label), train, 0)(test)
    most = Counter(tuple(labels) for labels in train["labels"]).most_common(1)[0]
    expected = sum(tuple(labels) == most[0] for labels in test["labels"]) / test.height
    assert score(predictions, prompt().labels, multi_label).accuracy.value == pytest.approx(expected, abs=1e-12)
    assert predictions["confidence"].to_list() == [most[1] / train.height] * test.height


@pytest.mark.parametrize("multi_label", [False, True])
def test_words_are_learned(multi_label: bool) -> None:
    train, test = rows(60, several=multi_label), rows(30, 100, several=multi_label)
    predictions = fit_baseline("tfidf", prompt(multi_label), train, 0)(test)
    assert score(predictions, prompt().labels, multi_label).accuracy.value > 0.9


@pytest.mark.parametrize("multi_label", [False, True])
def test_words_are_learned_by_centroids_where_a_regression_does_not_fit(
    multi_label: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfidf_module, "_MAX_REGRESSION_LABELS", 2)
    train, test = rows(60, several=multi_label), rows(30, 100, several=multi_label)
    fitted = fit_baseline("tfidf", prompt(multi_label), train, 0)
    found = fitted(test)
    assert score(found, prompt().labels, multi_label).accuracy.value > (0.5 if multi_label else 0.9)
    assert all(0 < confidence <= 1 for confidence in found["confidence"])
    assert pl.concat(map(fitted, test.iter_slices(3))).equals(found)
    assert "nearest label centroid" in baseline_method("tfidf", train.height, 3)


def test_the_method_says_what_limits_the_regression() -> None:
    assert "logistic regression, on the training rows" in baseline_method("tfidf", 10_000, 500)
    for rows, labels in ((10_000, 501), (1_000_000, 40)):
        assert "would not fit into memory" in baseline_method("tfidf", rows, labels)
        assert "most frequent" in baseline_method("majority", rows, labels)


@pytest.mark.parametrize("name", BASELINES)
def test_the_frames_are_those_of_a_model_and_equal_each_time(name: WordBaseline) -> None:
    train, parts = rows(40), {"validation": rows(10, 50), "test": rows(10, 70)}
    first, again = (fit_baseline(name, prompt(), train, 3) for _ in range(2))
    for part in parts.values():
        frame = first(part)
        assert frame.schema == pl.Schema(PREDICTIONS | {PROBABILITIES: DISTRIBUTION})
        assert frame[PROBABILITIES].null_count() == 0
        assert frame["id"].to_list() == part["id"].to_list()
        assert frame.equals(again(part))
        assert pl.concat(map(first, part.iter_slices(3))).equals(frame)


def test_texts_without_a_word_or_of_one_label_leave_the_majority() -> None:
    one = rows(20).with_columns(labels=pl.lit(["sales"], dtype=pl.List(pl.String)))
    silent = rows(20).with_columns(messages=pl.lit('[{"role":"user","content":"!?"}]'))
    for train in (one, silent):
        answers = fit_baseline("tfidf", prompt(), train, 0)(rows(5))["predicted"]
        assert len({tuple(answer) for answer in answers}) == 1


def test_no_training_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="training rows"):
        fit_baseline("tfidf", prompt(), rows(0), 0)
