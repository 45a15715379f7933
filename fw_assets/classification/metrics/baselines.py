"""What needs no language model: always the most frequent label, and words with logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.values import Frozen

BaselineName = Literal["majority", "tfidf"]
BASELINES: tuple[BaselineName, ...] = ("majority", "tfidf")
METHODS: dict[BaselineName, str] = {
    "majority": "the most frequent label of the training rows, always",
    "tfidf": "TF-IDF of words and word pairs with logistic regression, on the training rows",
}

# Half the probability mass says "applies" where a row may have several labels.
_APPLIES = 0.5
_MAX_FEATURES = 50_000

Answers = list[tuple[tuple[str, ...], float]]
"""For each row: the labels, and the probability of the answer."""


class BaselineScores(Frozen):
    """A baseline, scored as a model is."""

    name: BaselineName
    method: str
    validation: Scores
    test: Scores


def learn_baseline(
    name: BaselineName, prompt: Prompt, train: pl.DataFrame, seed: int
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A baseline that has learned from `train`: from a SPLIT frame to its predictions (schema `PREDICTIONS`).

    The answers go through the same rendering, parser and scorer as a model's. Rows of `train` with a weight count
    with it.

    Raises:
        ValueError: there are no training rows.
    """
    if not train.height:
        raise ValueError("a baseline needs training rows")
    answer = {"majority": _majority, "tfidf": _tfidf}[name](prompt, train, seed)
    return lambda rows: _judged(prompt, rows, answer(rows))


def _judged(prompt: Prompt, rows: pl.DataFrame, answers: Answers) -> pl.DataFrame:
    completions = {
        row_id: Completion(text=prompt.render(labels), finish_reason="stop", confidence=confidence)
        for row_id, (labels, confidence) in zip(rows["id"], answers, strict=True)
    }
    return predictions_frame(prompt, rows, completions)


def _majority(prompt: Prompt, train: pl.DataFrame, seed: int) -> Callable[[pl.DataFrame], Answers]:
    del seed
    counted = Counter(tuple(labels) for labels in train["labels"])
    order = {label: place for place, label in enumerate(prompt.labels)}
    labels, rows = min(counted.items(), key=lambda item: (-item[1], [order[label] for label in item[0]]))
    return lambda part: [(labels, rows / train.height)] * part.height


def _tfidf(prompt: Prompt, train: pl.DataFrame, seed: int) -> Callable[[pl.DataFrame], Answers]:
    """Word uni- and bigrams, sublinear term frequency, L2-regularised logistic regression (C = 10)."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # 1 s to import: only where it is used

    words = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106
        max_features=_MAX_FEATURES,
    )
    try:
        features = words.fit_transform(_texts(train))
    except ValueError:  # no row has a word: nothing can be learned from the texts
        return _majority(prompt, train, seed)
    weights = train["weight"].fill_null(1.0).to_numpy() if "weight" in train.columns else None
    probabilities = (_one_each if prompt.multi_label else _one_of_all)(features, train, prompt.labels, weights, seed)
    if probabilities is None:
        return _majority(prompt, train, seed)

    def answer(part: pl.DataFrame) -> Answers:
        if not part.height:
            return []
        found = probabilities(words.transform(_texts(part)))
        if not prompt.multi_label:
            best = found.argmax(axis=1)
            return [((prompt.labels[at],), float(found[row, at])) for row, at in enumerate(best)]
        applies = found >= _APPLIES
        sure = np.where(applies, found, 1 - found).prod(axis=1)
        return [
            (tuple(np.array(prompt.labels, dtype=object)[row]), float(share))
            for row, share in zip(applies, sure, strict=True)
        ]

    return answer


Probabilities = Callable[[Any], NDArray[np.float64]]


def _one_of_all(
    features: Any, train: pl.DataFrame, labels: Sequence[str], weights: NDArray[np.float64] | None, seed: int
) -> Probabilities | None:
    from sklearn.linear_model import LogisticRegression

    place = {label: at for at, label in enumerate(labels)}
    gold = np.array([place[row[0]] for row in train["labels"]])
    if len(set(gold.tolist())) < 2:
        return None
    model = LogisticRegression(C=10.0, max_iter=300, random_state=seed).fit(features, gold, sample_weight=weights)

    def probabilities(part: Any) -> NDArray[np.float64]:
        found = np.zeros((part.shape[0], len(labels)))
        found[:, model.classes_] = model.predict_proba(part)
        return found

    return probabilities


def _one_each(
    features: Any, train: pl.DataFrame, labels: Sequence[str], weights: NDArray[np.float64] | None, seed: int
) -> Probabilities | None:
    from sklearn.linear_model import LogisticRegression

    models: list[Any] = []
    for label in labels:
        gold = np.array([label in row for row in train["labels"]])
        if gold.all() or not gold.any():
            models.append(float(gold.all()))
            continue
        model = LogisticRegression(C=10.0, solver="liblinear", random_state=seed)
        models.append(model.fit(features, gold, sample_weight=weights))

    def probabilities(part: Any) -> NDArray[np.float64]:
        columns = [
            np.full(part.shape[0], model) if isinstance(model, float) else model.predict_proba(part)[:, 1]
            for model in models
        ]
        return np.column_stack(columns)

    return probabilities


def _texts(rows: pl.DataFrame) -> list[str]:
    return [input_text(messages) for messages in rows["messages"]]
