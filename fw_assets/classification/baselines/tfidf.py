"""TF-IDF of words and word pairs with logistic regression, or with the nearest centroid where that is too large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.baselines.predictor import (
    LabelsWithConfidence,
    Predictor,
    most_probable,
    row_texts,
    row_weights,
)
from fw_assets.classification.prompting.prompt import Prompt

_MAX_FEATURES = 50_000
# The solver of the logistic regression holds some 25 copies of its weights (labels x features) and four of the
# probabilities (rows x labels), 8 bytes each: within these limits about a gigabyte.
_MAX_WEIGHTS = 4_000_000
_MAX_PROBABILITIES = 20_000_000
_MAX_REGRESSION_LABELS = 500
_ROWS_PER_BLOCK = 500

LabelProbabilities = Callable[[Any], NDArray[np.float64]]
"""The probabilities of all labels for a feature matrix, shape (rows, labels)."""


def regression_fits(rows: int, labels: int) -> bool:
    """Whether a logistic regression on so many rows of so many labels fits into memory."""
    return labels <= _MAX_REGRESSION_LABELS and rows * labels <= _MAX_PROBABILITIES


def tfidf(prompt: Prompt, train: pl.DataFrame, seed: int) -> Predictor | None:
    """Word uni- and bigrams, sublinear term frequency, L2-regularised logistic regression (C = 10).

    With more labels or rows than that can hold in memory: the label whose mean vector is nearest by cosine. None where
    nothing can be learned: no row has a word, or all have one label.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # takes a second to import

    regression = regression_fits(train.height, len(prompt.labels))
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106
        max_features=min(_MAX_FEATURES, _MAX_WEIGHTS // len(prompt.labels)) if regression else _MAX_FEATURES,
    )
    try:
        features = vectorizer.fit_transform(row_texts(train))
    except ValueError:  # no row has a word, so nothing can be learned from the texts
        return None
    weights = row_weights(train)
    if not regression:
        return _nearest_centroid(vectorizer, features, train, prompt, weights)
    fit = _one_vs_rest if prompt.multi_label else _multinomial
    probabilities = fit(features, train, prompt.labels, weights, seed)
    if probabilities is None:
        return None
    return lambda part, asked: (
        most_probable(asked, probabilities(vectorizer.transform(row_texts(part)))) if part.height else []
    )


def _nearest_centroid(
    vectorizer: Any, features: Any, train: pl.DataFrame, prompt: Prompt, weights: NDArray[np.float64] | None
) -> Predictor:
    """The label with the most similar mean vector; for rows of several labels as many as a training row has on average.

    Its probability is its share of the similarity to all labels.
    """
    from scipy import sparse
    from sklearn.preprocessing import normalize

    position = {label: index for index, label in enumerate(prompt.labels)}
    pairs = [(row, position[label]) for row, labels in enumerate(train["labels"]) for label in labels]
    row_indices, label_indices = np.array(pairs).T
    values = np.ones(len(pairs)) if weights is None else weights[row_indices]
    membership = sparse.csr_matrix((values, (label_indices, row_indices)), shape=(len(position), train.height))
    centroids = normalize(membership @ features).T.tocsr()
    count = max(1, round(len(pairs) / train.height)) if prompt.multi_label else 1

    def predict(part: pl.DataFrame, asked: Prompt) -> list[LabelsWithConfidence]:
        predicted: list[LabelsWithConfidence] = []
        for block in part.iter_slices(_ROWS_PER_BLOCK):
            similarity = (vectorizer.transform(row_texts(block)) @ centroids).toarray()
            nearest = np.sort(np.argsort(-similarity, axis=1, kind="stable")[:, :count], axis=1)
            share = np.take_along_axis(similarity, nearest, axis=1).sum(axis=1)
            share /= np.maximum(similarity.sum(axis=1), 1e-12)
            labels = (tuple(prompt.labels[index] for index in row) for row in nearest)
            predicted += map(LabelsWithConfidence, labels, share.tolist())
        return predicted

    return predict


def _multinomial(
    features: Any, train: pl.DataFrame, labels: Sequence[str], weights: NDArray[np.float64] | None, seed: int
) -> LabelProbabilities | None:
    """One model over all labels; None where all training rows have the same label."""
    from sklearn.linear_model import LogisticRegression

    position = {label: index for index, label in enumerate(labels)}
    gold = np.array([position[row[0]] for row in train["labels"]])
    if len(set(gold.tolist())) < 2:
        return None
    model = LogisticRegression(C=10.0, max_iter=300, random_state=seed).fit(features, gold, sample_weight=weights)

    def probabilities(part: Any) -> NDArray[np.float64]:
        by_label = np.zeros((part.shape[0], len(labels)))
        by_label[:, model.classes_] = model.predict_proba(part)
        return by_label

    return probabilities


def _one_vs_rest(
    features: Any, train: pl.DataFrame, labels: Sequence[str], weights: NDArray[np.float64] | None, seed: int
) -> LabelProbabilities | None:
    """One model per label; a label that all training rows have, or none has, gets a constant in place of a model."""
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
