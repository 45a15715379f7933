"""The regression on sentence embeddings, against scikit-learn on the same numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from fw_assets.classification.baselines import encoder as encoder_module
from fw_assets.classification.baselines.encoder import EncoderModel, encoder_method, fit_encoder
from fw_assets.classification.metrics.scores import score
from fw_assets_tests.classification.baselines.test_baselines import prompt, rows


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Counts of hashed words, of length 1."""
    out = np.zeros((len(texts), 24), np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            out[row, sum(map(ord, word)) % 24] += 1
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32)


@pytest.mark.parametrize("multi_label", [False, True])
def test_words_are_learned_and_kept_as_a_frame(multi_label: bool) -> None:
    train, validation, test = (rows(60, at, several=multi_label) for at in (0, 100, 200))
    model = fit_encoder(prompt(multi_label), train, validation, embed)
    found = model.baseline(prompt(multi_label), embed)(test)
    assert score(found, prompt().labels, multi_label).accuracy.value > 0.9
    again = EncoderModel.from_frame(model.frame())
    assert np.array_equal(again.matrix, model.matrix)
    assert again.baseline(prompt(multi_label), embed)(test).equals(found)


def test_the_regression_is_that_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setattr(encoder_module, "STRENGTHS", (10.0,))
    monkeypatch.setattr(encoder_module, "_TOLERANCE", 1e-8)
    monkeypatch.setattr(encoder_module, "_MAX_STEPS", 2_000)
    train = rows(50).with_columns(weight=pl.int_range(50).cast(pl.Float64) % 3 + 1)
    model = fit_encoder(prompt(), train, rows(10, 100), embed)
    texts = [json.loads(messages)[0]["content"] for messages in rows(20, 60)["messages"]]
    features = embed([json.loads(messages)[0]["content"] for messages in train["messages"]])
    gold = [prompt().labels.index(labels[0]) for labels in train["labels"]]
    theirs = LogisticRegression(C=10.0, tol=1e-10, max_iter=10_000).fit(features, gold, train["weight"].to_numpy())
    ours = model.baseline(prompt(), embed).predict(rows(20, 60), prompt())
    expected = theirs.predict_proba(embed(texts)).max(axis=1)
    assert [row.confidence for row in ours] == pytest.approx(expected.tolist(), abs=2e-3)


def test_the_penalty_is_that_of_the_validation_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """On labels drawn by chance the strongest penalty has the lowest log loss, and none is right more often."""
    train = rows(60)
    shuffled = train.with_columns(pl.col("labels").shuffle(seed=1))
    weakest = max(encoder_module.STRENGTHS)
    chosen = fit_encoder(
        prompt(), shuffled, shuffled.with_columns(labels=pl.lit(["sales"], dtype=pl.List(pl.String))), embed
    )
    monkeypatch.setattr(encoder_module, "STRENGTHS", (weakest,))
    free = fit_encoder(prompt(), shuffled, rows(10, 100), embed)
    assert np.abs(chosen.matrix[:-1]).sum() < np.abs(free.matrix[:-1]).sum()


def test_every_kth_row_is_learned_from_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "MAX_ROWS", 20)
    asked: list[int] = []

    def counted(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(len(texts))
        return embed(texts)

    fit_encoder(prompt(), rows(50), rows(10, 100), counted)
    assert asked == [17, 10]
    assert "20 of the 50 training rows" in encoder_method("a model", 50)


def test_without_validation_rows_and_with_one_label_there_is_a_model() -> None:
    one = rows(20).with_columns(labels=pl.lit(["sales"], dtype=pl.List(pl.String)))
    model = fit_encoder(prompt(), one, rows(0), embed)
    answers = model.baseline(prompt(), embed).predict(rows(5), prompt())
    assert {answer.labels for answer in answers} == {("sales",)}
    assert model.baseline(prompt(), embed)(rows(0)).is_empty()
