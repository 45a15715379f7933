"""Baselines without a language model: the majority label, and TF-IDF with logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.distribution import kept_labels
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.values import Frozen

BaselineName = Literal["majority", "tfidf"]
BASELINES: tuple[BaselineName, ...] = ("majority", "tfidf")
_METHODS: dict[BaselineName, str] = {
    "majority": "the most frequent label of the training rows, always",
    "tfidf": "TF-IDF of words and word pairs with logistic regression, on the training rows",
}
_CENTROIDS = (
    "TF-IDF of words and word pairs with the nearest label centroid, on the training rows; logistic regression on "
    "{rows:,} rows of {labels:,} labels would not fit into memory"
)

# Probability from which a label is predicted where a row may have several.
_DECISION_THRESHOLD = 0.5
_MAX_FEATURES = 50_000
# The solver of the logistic regression holds some 25 copies of its weights (labels x features) and four of the
# probabilities (rows x labels), 8 bytes each: within these limits about a gigabyte.
_MAX_WEIGHTS = 4_000_000
_MAX_PROBABILITIES = 20_000_000
_MAX_REGRESSION_LABELS = 500
_ROWS_PER_BLOCK = 500


class LabelsWithConfidence(NamedTuple):
    """The labels of a row, their probability, and that of each label, of many labels the most probable ones."""

    labels: tuple[str, ...]
    confidence: float
    probabilities: Mapping[str, float] | None = None


Predictor = Callable[[pl.DataFrame], list[LabelsWithConfidence]]
"""What is predicted of each row of a split frame."""
LabelProbabilities = Callable[[Any], NDArray[np.float64]]
"""The probabilities of all labels for a feature matrix, shape (rows, labels)."""


class BaselineScores(Frozen):
    """The scores of one baseline."""

    name: BaselineName
    method: str
    validation: Scores
    test: Scores


def fit_baseline(
    name: BaselineName, prompt: Prompt, train: pl.DataFrame, seed: int
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A function from split rows to the predictions (schema `PREDICTIONS`) of a baseline that is fitted on `train`.

    Its labels are rendered, parsed and scored as a model's answers are. Weights of the rows in `train` count.

    Raises:
        ValueError: there are no training rows.
    """
    if not train.height:
        raise ValueError("a baseline needs training rows")
    predict = {"majority": _majority, "tfidf": _tfidf}[name](prompt, train, seed)
    return lambda rows: _predictions(prompt, rows, predict(rows))


def baseline_method(name: BaselineName, rows: int, labels: int) -> str:
    """A sentence on how a baseline learns from so many training rows of so many labels."""
    if name == "tfidf" and not _regression_fits(rows, labels):
        return _CENTROIDS.format(rows=rows, labels=labels)
    return _METHODS[name]


def _regression_fits(rows: int, labels: int) -> bool:
    return labels <= _MAX_REGRESSION_LABELS and rows * labels <= _MAX_PROBABILITIES


def _predictions(prompt: Prompt, rows: pl.DataFrame, predicted: list[LabelsWithConfidence]) -> pl.DataFrame:
    completions = {
        row_id: Completion(
            text=prompt.render(row.labels),
            finish_reason="stop",
            confidence=row.confidence,
            probabilities=row.probabilities,
        )
        for row_id, row in zip(rows["id"], predicted, strict=True)
    }
    return predictions_frame(prompt, rows, completions)


def _majority(prompt: Prompt, train: pl.DataFrame, seed: int) -> Predictor:
    del seed
    counts = Counter(tuple(labels) for labels in train["labels"])
    position = {label: index for index, label in enumerate(prompt.labels)}
    labels, rows = min(counts.items(), key=lambda item: (-item[1], [position[label] for label in item[0]]))
    shares = Counter(label for given in train["labels"] for label in given)
    probabilities = {label: shares[label] / train.height for label in prompt.labels}
    return lambda part: [LabelsWithConfidence(labels, rows / train.height, probabilities)] * part.height


def _tfidf(prompt: Prompt, train: pl.DataFrame, seed: int) -> Predictor:
    """Word uni- and bigrams, sublinear term frequency, L2-regularised logistic regression (C = 10).

    With more labels or rows than that can hold in memory: the label whose mean vector is nearest by cosine.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # takes a second to import

    regression = _regression_fits(train.height, len(prompt.labels))
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106
        max_features=min(_MAX_FEATURES, _MAX_WEIGHTS // len(prompt.labels)) if regression else _MAX_FEATURES,
    )
    try:
        features = vectorizer.fit_transform(_texts(train))
    except ValueError:  # no row has a word, so nothing can be learned from the texts
        return _majority(prompt, train, seed)
    weights = train["weight"].fill_null(1.0).to_numpy() if "weight" in train.columns else None
    if not regression:
        return _nearest_centroid(vectorizer, features, train, prompt, weights)
    fit = _one_vs_rest if prompt.multi_label else _multinomial
    probabilities = fit(features, train, prompt.labels, weights, seed)
    if probabilities is None:
        return _majority(prompt, train, seed)

    def predict(part: pl.DataFrame) -> list[LabelsWithConfidence]:
        if not part.height:
            return []
        by_label = probabilities(vectorizer.transform(_texts(part)))
        if not prompt.multi_label:
            best = by_label.argmax(axis=1)
            return [
                LabelsWithConfidence((prompt.labels[index],), float(by_label[row, index]), _kept(prompt, by_label[row]))
                for row, index in enumerate(best)
            ]
        applies = by_label >= _DECISION_THRESHOLD
        confidence = np.where(applies, by_label, 1 - by_label).prod(axis=1)
        labels = np.array(prompt.labels, dtype=object)
        return [
            LabelsWithConfidence(tuple(labels[given]), float(share), _kept(prompt, row))
            for given, share, row in zip(applies, confidence, by_label, strict=True)
        ]

    return predict


def _kept(prompt: Prompt, by_label: NDArray[np.float64]) -> dict[str, float]:
    """The probabilities of a row that its prediction keeps."""
    best = np.argsort(-by_label, kind="stable")[: kept_labels(len(prompt.labels))]
    return {prompt.labels[index]: float(by_label[index]) for index in best}


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

    def predict(part: pl.DataFrame) -> list[LabelsWithConfidence]:
        predicted: list[LabelsWithConfidence] = []
        for block in part.iter_slices(_ROWS_PER_BLOCK):
            similarity = (vectorizer.transform(_texts(block)) @ centroids).toarray()
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


def _texts(rows: pl.DataFrame) -> list[str]:
    return [input_text(messages) for messages in rows["messages"]]
