"""Scorer over the files of an ONNX export, by the code that it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fw_assets.embedded.engine import losses
from fw_assets.embedded.exporting.standalone.classify import Classifier


class OnnxScorer:
    """A `Scorer` of the labels that the export knows; it never chooses another."""

    def __init__(self, folder: Path, notes: Mapping[str, Any]) -> None:
        self._classifier = Classifier(folder)
        self.notes = notes

    @property
    def labels(self) -> tuple[str, ...] | None:
        return self._classifier.labels

    @property
    def multi_label(self) -> bool:
        return self._classifier.multi_label

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        with np.errstate(divide="ignore"):
            known = np.log(self._classifier.probabilities(list(texts)))
        place = {label: column for column, label in enumerate(self._classifier.labels)}
        labels = self._classifier.labels if candidate_labels is None else candidate_labels
        logs = np.full((len(texts), len(labels)), -np.inf)
        for column, label in enumerate(labels):
            if label in place:
                logs[:, column] = known[:, place[label]]
        return logs if self.multi_label else losses.log_softmax(logs)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        allowed = set(self._classifier.labels if candidate_labels is None else candidate_labels)
        return [tuple(label for label in found if label in allowed) for found in self._classifier.predict(list(texts))]
