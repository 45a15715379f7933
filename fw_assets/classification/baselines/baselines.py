"""Baselines without a language model: their names, what each is, and how one is fitted."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import polars as pl

from fw_assets.classification.baselines.predictor import Baseline, LabelsWithConfidence, Predictor
from fw_assets.classification.baselines.tfidf import regression_fits, tfidf
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.values import Frozen

WordBaseline = Literal["majority", "tfidf"]
BaselineName = Literal["majority", "tfidf", "encoder"]
BASELINES: tuple[WordBaseline, ...] = ("majority", "tfidf")
"""Those that need the training rows alone; the sentence encoder is in `encoder`."""
_METHODS: dict[BaselineName, str] = {
    "majority": "the most frequent label of the training rows, always",
    "tfidf": "TF-IDF of words and word pairs with logistic regression, on the training rows",
}
_CENTROIDS = (
    "TF-IDF of words and word pairs with the nearest label centroid, on the training rows; logistic regression on "
    "{rows:,} rows of {labels:,} labels would not fit into memory"
)


class BaselineScores(Frozen):
    """The scores of one baseline.

    Attributes:
        latency: of one row at a time on the machine that scored it; None in values of earlier versions.
        thresholds: of several labels, where it tells a probability for each; None in values of earlier versions.
    """

    name: BaselineName
    method: str
    validation: Scores
    test: Scores
    latency: Latency | None = None
    thresholds: LabelThresholds | None = None


def fit_baseline(name: WordBaseline, prompt: Prompt, train: pl.DataFrame, seed: int) -> Baseline:
    """A baseline that is fitted on `train`.

    Its labels are rendered, parsed and scored as a model's answers are. Weights of the rows in `train` count.

    Raises:
        ValueError: there are no training rows.
    """
    if not train.height:
        raise ValueError("a baseline needs training rows")
    learned = tfidf(prompt, train, seed) if name == "tfidf" else None
    if learned is None:
        return Baseline(prompt, _majority(prompt, train))
    return Baseline(prompt, learned, by_probabilities=regression_fits(train.height, len(prompt.labels)))


def baseline_method(name: BaselineName, rows: int, labels: int) -> str:
    """A sentence on how a baseline learns from so many training rows of so many labels."""
    if name == "tfidf" and not regression_fits(rows, labels):
        return _CENTROIDS.format(rows=rows, labels=labels)
    return _METHODS[name]


def _majority(prompt: Prompt, train: pl.DataFrame) -> Predictor:
    counts = Counter(tuple(labels) for labels in train["labels"])
    position = {label: index for index, label in enumerate(prompt.labels)}
    labels, rows = min(counts.items(), key=lambda item: (-item[1], [position[label] for label in item[0]]))
    shares = Counter(label for given in train["labels"] for label in given)
    probabilities = {label: shares[label] / train.height for label in prompt.labels}
    return lambda part, asked: [LabelsWithConfidence(labels, rows / train.height, probabilities)] * part.height
