"""Predictor of labels from texts, and the predictions that a language model's answers would make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.distribution import kept_labels
from fw_assets.classification.prompting.prompt import Prompt

# Probability from which a label is predicted where a row may have several.
_DECISION_THRESHOLD = 0.5


class LabelsWithConfidence(NamedTuple):
    """The labels of a row, their probability, and that of each label, of many labels the most probable ones."""

    labels: tuple[str, ...]
    confidence: float
    probabilities: Mapping[str, float] | None = None


Predictor = Callable[[pl.DataFrame], list[LabelsWithConfidence]]
"""What is predicted of each row of a split frame."""


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
    applies = by_label >= _DECISION_THRESHOLD
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
