"""Predictor of labels from texts, and the predictions that a language model's answers would make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.label_thresholds import NOT_FITTED, LabelThresholds
from fw_assets.classification.metrics.threshold_fit import choose_sets
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.decision import decided_confidence, decided_labels
from fw_assets.classification.prompting.distribution import kept_labels
from fw_assets.classification.prompting.prompt import Prompt


class LabelsWithConfidence(NamedTuple):
    """The labels of a row, their probability, and that of each label, of many labels the most probable ones."""

    labels: tuple[str, ...]
    confidence: float
    probabilities: Mapping[str, float] | None = None


Predictor = Callable[[pl.DataFrame, Prompt], list[LabelsWithConfidence]]
"""What is predicted of each row of a split frame, by the thresholds of the prompt where it has some."""


@dataclass(frozen=True)
class Baseline:
    """A fitted predictor, which gives predictions (schema `PREDICTIONS`) for rows of a split frame.

    Attributes:
        by_probabilities: whether its labels follow from a probability for each.
    """

    prompt: Prompt
    predict: Predictor
    by_probabilities: bool = False

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        return predictions(self.prompt, rows, self.predict(rows, self.prompt))

    def with_thresholds(self, thresholds: LabelThresholds | None) -> Baseline:
        """The same by these thresholds."""
        return replace(self, prompt=self.prompt.with_thresholds(thresholds))

    def judged(self, rows: pl.DataFrame, thresholds: Mapping[str, LabelThresholds]) -> pl.DataFrame:
        """The predictions, each by thresholds of its own, which are by the rows' ids."""
        found = self.predict(rows, self.prompt)
        anew = (_judged(item, self.prompt, thresholds[id]) for item, id in zip(found, rows["id"], strict=True))
        return predictions(self.prompt, rows, list(anew))


def _judged(item: LabelsWithConfidence, prompt: Prompt, thresholds: LabelThresholds) -> LabelsWithConfidence:
    asked = prompt.with_thresholds(thresholds)
    probabilities = item.probabilities or {}
    return item._replace(
        labels=decided_labels(asked, probabilities), confidence=decided_confidence(asked, probabilities)
    )


def predictions(prompt: Prompt, rows: pl.DataFrame, predicted: list[LabelsWithConfidence]) -> pl.DataFrame:
    """The predictions (schema `PREDICTIONS`): labels are rendered, parsed and scored as a model's answers are."""
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


def most_probable(prompt: Prompt, by_label: NDArray[np.floating]) -> list[LabelsWithConfidence]:
    """The predictions of rows by the probabilities of all labels, shape (rows, labels)."""
    if not prompt.multi_label:
        best = by_label.argmax(axis=1)
        return [
            LabelsWithConfidence((prompt.labels[index],), float(by_label[row, index]), _kept(prompt, by_label[row]))
            for row, index in enumerate(best)
        ]
    thresholds = prompt.thresholds or NOT_FITTED
    applies = choose_sets(
        by_label.astype(np.float64, copy=False),
        np.array(thresholds.of(prompt.labels)),
        allow_empty=thresholds.allow_empty,
    )
    confidence = np.where(applies, by_label, 1 - by_label).prod(axis=1)
    labels = np.array(prompt.labels, dtype=object)
    return [
        LabelsWithConfidence(tuple(labels[given]), float(share), _kept(prompt, row))
        for given, share, row in zip(applies, confidence, by_label, strict=True)
    ]


def row_texts(rows: pl.DataFrame) -> list[str]:
    """The text of each row's input."""
    return [input_text(messages) for messages in rows["messages"]]


def row_weights(rows: pl.DataFrame) -> NDArray[np.float64] | None:
    """The weight of each row; None where all count alike."""
    return rows["weight"].fill_null(1.0).to_numpy() if "weight" in rows.columns else None


def _kept(prompt: Prompt, by_label: NDArray[np.floating]) -> dict[str, float]:
    """The probabilities of a row that its prediction keeps."""
    best = np.argsort(-by_label, kind="stable")[: kept_labels(len(prompt.labels))]
    return {prompt.labels[index]: float(by_label[index]) for index in best}
