"""Base and tuned models as scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine import tuned_model as storage
from fw_assets.embedded.engine.features.text_encoders import text_encoders
from fw_assets.embedded.engine.registry import REGISTRY
from fw_assets.embedded.engine.training_spec import EngineError, Scorer
from fw_assets.embedded.engine.updates import apply

F32 = NDArray[np.float32]

BASE_CONTEXT = 256
_BASE_SET_SHARE = 0.5


class BaseScorer:
    """A base model: it compares a text with the names of the choices."""

    labels: tuple[str, ...] | None = None
    multi_label = False
    notes: Mapping[str, Any] = {}

    def __init__(self, model_id: str, cache: Path) -> None:
        self._sides = text_encoders(model_id, cache)

    def log_probabilities(self, texts: Sequence[str], choices: Sequence[str] | None) -> losses.Floats:
        """See `Scorer`."""
        return losses.log_softmax(self._logits(texts, _checked(choices)))

    def predict_sets(self, texts: Sequence[str], choices: Sequence[str] | None) -> list[tuple[str, ...]]:
        """Every choice at least half as probable as the text's most probable one; never empty."""
        names = _checked(choices)
        chance = np.exp(self.log_probabilities(texts, names))
        chosen = chance >= _BASE_SET_SHARE * chance.max(axis=1, keepdims=True)
        return _named(chosen, names)

    def _logits(self, texts: Sequence[str], choices: Sequence[str]) -> F32:
        total = np.zeros((len(texts), len(choices)), np.float32)
        for side, share in self._sides:
            total += share * side.base(side.read(texts, BASE_CONTEXT), choices)
        return total


class TunedScorer:
    """A tuned model: the base logits plus the trained update, divided by the temperature."""

    def __init__(self, tuned: storage.Tuned, cache: Path) -> None:
        self._tuned = tuned
        self._sides = text_encoders(tuned.spec.base_model, cache)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels of the training."""
        return self._tuned.labels

    @property
    def multi_label(self) -> bool:
        """Whether the training was multi-label."""
        return self._tuned.multi_label

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the trainer stored with the model."""
        return self._tuned.notes

    def log_probabilities(self, texts: Sequence[str], choices: Sequence[str] | None) -> losses.Floats:
        """See `Scorer`."""
        logits = self._logits(texts, self._tuned.labels if choices is None else _checked(choices))
        return losses.log_logistic(logits) if self.multi_label else losses.log_softmax(logits)

    def predict_sets(self, texts: Sequence[str], choices: Sequence[str] | None) -> list[tuple[str, ...]]:
        """The choices at or above the fitted threshold; the most probable one for a single-label model.

        The set of a multi-label model may be empty only if the training had a row without labels.
        """
        names = self._tuned.labels if choices is None else _checked(choices)
        chance = np.exp(self.log_probabilities(texts, names))
        if not self.multi_label:
            return [(names[int(place)],) for place in chance.argmax(axis=1)]
        return _named(losses.choose_sets(chance, self._tuned.threshold, self._tuned.allow_empty), names)

    def _logits(self, texts: Sequence[str], names: Sequence[str]) -> F32:
        known = self._tuned.labels
        unseen = [name for name in names if name not in set(known)]
        every = [*known, *unseen]
        total = np.zeros((len(texts), len(every)), np.float32)
        for side, _ in self._sides:
            reading = side.read(texts, self._tuned.spec.max_context_length)
            logits = side.base(reading, every)
            if arrays := self._tuned.arrays.get(side.name):
                logits = losses.softened_odds(logits) if self.multi_label else logits
                logits[:, : len(known)] += apply(side.features(reading, dict(arrays)), dict(arrays))
            total += self._tuned.shares[side.name] * logits
        if self.multi_label and not self._tuned.arrays:
            total = losses.odds(total)
        place = {name: index for index, name in enumerate(every)}
        return np.asarray(total[:, [place[name] for name in names]] / self._tuned.temperature, np.float32)


def load_base(model_id: str, cache: Path) -> Scorer:
    """The base model `model_id`; `cache` is the folder of derived files, shared by all models.

    Raises `EngineError` for an unknown id and `WeightsError` when the weights it needs are missing.
    """
    if model_id not in REGISTRY:
        raise EngineError(f"no base model {model_id!r}; there are {', '.join(REGISTRY)}")
    return BaseScorer(model_id, cache)


def load_tuned(folder: Path, cache: Path) -> Scorer:
    """The tuned model that `train` wrote into `folder`. Raises `EngineError` and `WeightsError`."""
    return TunedScorer(storage.load(folder), cache)


def _checked(choices: Sequence[str] | None) -> tuple[str, ...]:
    if not choices:
        raise EngineError("a base model needs the label choices, and there are none")
    if len(set(choices)) != len(choices):
        raise EngineError(
            "the label choices repeat: " + ", ".join(sorted({c for c in choices if choices.count(c) > 1}))
        )
    return tuple(choices)


def _named(chosen: NDArray[np.bool_], names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(name for name, is_in in zip(names, row, strict=True) if is_in) for row in chosen]
