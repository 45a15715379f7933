"""Scorers: base and tuned models that score candidate labels for texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import losses, tuned_model
from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.label_sets import check_candidates, label_sets, likely_sets
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.registry import BaseModel, find_base_model, language_model_of
from fw_assets.embedded.engine.tuned_model import TunedModel
from fw_assets.embedded.engine.updates import apply

F32 = NDArray[np.float32]

BASE_MAX_TOKENS = 256


class Scorer(Protocol):
    """A base or a tuned model."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels of the training, in stable order; None for a base model."""

    @property
    def multi_label(self) -> bool:
        """Whether the training was multi-label; False for a base model."""

    @property
    def notes(self) -> Mapping[str, Any]:
        """The JSON that was stored with a tuned model, such as its answer format; empty for a base model."""

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> NDArray[np.float64]:
        """Natural log probabilities, (texts, candidate labels).

        The probabilities sum to one over the candidates; those of a multi-label model are independent. A candidate
        that the training never saw keeps its base score.

        Args:
            candidate_labels: None for the labels of the training.

        Raises:
            EngineError: no candidates for a base model, or a repeated one.
        """

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        """Each text's labels in the order of the candidates; may be empty for a tuned multi-label model."""


@runtime_checkable
class SharedScorer(Protocol):
    """A scorer whose rows may be read in one pass with those of others over the same base model."""

    @property
    def shares_passes(self) -> bool:
        """Whether that pays: where one computes at a time. Processors that compute side by side do more apart."""


@runtime_checkable
class CalibratedScorer(Scorer, Protocol):
    """A base model whose scores are by default without what it says where a text says nothing.

    That is contextual calibration (Zhao et al. 2021).
    """

    def uncalibrated(self) -> Scorer:
        """The same model as it is."""

    def with_and_without(
        self, texts: Sequence[str], candidate_labels: Sequence[str] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`log_probabilities`, calibrated and not, for one reading of the texts."""


class BaseScorer:
    """Base model, which compares a text with the names of the candidate labels."""

    labels: tuple[str, ...] | None = None
    multi_label = False
    notes: Mapping[str, Any] = {}

    def __init__(self, model_id: str, cache: Path) -> None:
        model = find_base_model(model_id)
        self._encoders_and_shares = list(zip(model.load_encoders(cache), model.base_shares, strict=True))

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        return losses.log_softmax(self._logits(texts, check_candidates(candidate_labels)))

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        """Every candidate at least half as probable as the text's most probable one; never empty."""
        labels = check_candidates(candidate_labels)
        return likely_sets(self.log_probabilities(texts, labels), labels)

    def _logits(self, texts: Sequence[str], labels: Sequence[str]) -> F32:
        total = np.zeros((len(texts), len(labels)), np.float32)
        for encoder, share in self._encoders_and_shares:
            total += share * encoder.base_logits(encoder.encode(texts, BASE_MAX_TOKENS), labels)
        return total


class TunedScorer:
    """Tuned model: the base logits plus the trained update, divided by the temperature."""

    def __init__(self, model: TunedModel, cache: Path) -> None:
        self._model = model
        self._encoders = find_base_model(model.spec.base_model).load_encoders(cache)

    @property
    def labels(self) -> tuple[str, ...] | None:
        return self._model.labels

    @property
    def multi_label(self) -> bool:
        return self._model.multi_label

    @property
    def notes(self) -> Mapping[str, Any]:
        return self._model.notes

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        logits = self._logits(texts, self._candidates(candidate_labels))
        return losses.log_logistic(logits) if self.multi_label else losses.log_softmax(logits)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        """The candidates at or above their fitted thresholds; the most probable one for a single-label model.

        The set of a multi-label model may be empty only if the training had a row without labels.
        """
        labels = self._candidates(candidate_labels)
        probability = np.exp(self.log_probabilities(texts, labels))
        if not self.multi_label:
            return [(labels[int(index)],) for index in probability.argmax(axis=1)]
        return label_sets(self._model.thresholds.choose(probability, labels, self._model.allow_empty), labels)

    def _candidates(self, candidate_labels: Sequence[str] | None) -> tuple[str, ...]:
        return self._model.labels if candidate_labels is None else check_candidates(candidate_labels)

    def _logits(self, texts: Sequence[str], labels: Sequence[str]) -> F32:
        trained = self._model.labels
        columns = list(dict.fromkeys((*trained, *labels)))
        total = np.zeros((len(texts), len(columns)), np.float32)
        for encoder in self._encoders:
            encoded = encoder.encode(texts, self._model.spec.max_context_length)
            logits = encoder.base_logits(encoded, columns)
            if arrays := self._model.arrays.get(encoder.name):
                logits = losses.softened_log_odds(logits) if self.multi_label else logits
                logits[:, : len(trained)] += apply(encoder.features(encoded, dict(arrays)), dict(arrays))
            total += self._model.shares[encoder.name] * logits
        if self.multi_label and not self._model.arrays:
            total = losses.log_odds(total)
        index = {label: column for column, label in enumerate(columns)}
        return np.asarray(total[:, [index[label] for label in labels]] / self._model.temperature, np.float32)


def load_base(model_id: str, cache: Path) -> Scorer:
    """A base model of the registry.

    Args:
        cache: the folder for files that can be computed again, shared by all models.

    Raises:
        EngineError: there is no base model of that id.
        WeightsError: weights that it needs are missing.
    """
    model = find_base_model(model_id)
    if model.encoders:
        return BaseScorer(model_id, cache)
    folder = _language_model(model)
    from fw_assets.embedded.engine.language_model.scorers import load_base_scorer

    return load_base_scorer(folder)


def load_tuned(folder: Path, cache: Path) -> Scorer:
    """The tuned model that `train` wrote into `folder`.

    Raises:
        EngineError: the folder holds no whole model.
        WeightsError: weights that it needs are missing.
    """
    if not tuned_model.is_adapter_folder(folder):
        return TunedScorer(tuned_model.load(folder), cache)
    with tuned_model.intact(folder):
        manifest = tuned_model.read_manifest(folder)
        base, source = manifest["base_model"], manifest["base_source"]
    language_model = language_model_of(base, source)
    from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer

    return load_tuned_scorer(folder, language_model)


def _language_model(model: BaseModel) -> LanguageModelFolder:
    advice = model.missing_weights()
    if advice or model.language_model is None:
        raise WeightsError(f"{model.id} is not on this machine; {advice}")
    return model.language_model
