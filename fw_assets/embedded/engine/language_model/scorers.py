"""Scorers of language models: the base by its label probabilities, an adapter by its head or by what it would write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.answer_fields import FieldAnswer, FieldConstraint
from fw_assets.embedded.engine.label_sets import check_candidates, label_sets, likely_sets
from fw_assets.embedded.engine.language_model import free_decoding
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter, check_base, load_adapter
from fw_assets.embedded.engine.language_model.head import Head
from fw_assets.embedded.engine.language_model.label_choice import LabelChoice, by_prefix
from fw_assets.embedded.engine.language_model.language_model import ROWS_PER_PASS, LanguageModel, Prefix, load
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.memory import passes, passes_side_by_side
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.record_decoding import RecordDecoder
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer

MAX_BASE_TOKENS = 2048
"""Tokens of a conversation that a base model reads, instructions included."""


class BaseLanguageScorer:
    """Base language model, which is asked what it would answer; contextual calibration is on by default."""

    labels: tuple[str, ...] | None = None
    multi_label = False
    notes: Mapping[str, Any] = {}

    def __init__(self, model: LanguageModel, *, calibrated: bool = True) -> None:
        self._model, self._calibrated = model, calibrated
        self._choice = LabelChoice(model, MAX_BASE_TOKENS, calibrated=calibrated)

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        labels = check_candidates(candidate_labels)
        with self._model.turn():
            return self._choice.log_probabilities(texts, labels)

    def with_and_without(
        self, texts: Sequence[str], candidate_labels: Sequence[str] | None
    ) -> tuple[losses.Floats, losses.Floats]:
        """As of `CalibratedScorer`."""
        labels = check_candidates(candidate_labels)
        with self._model.turn():
            return self._choice.with_and_without(texts, labels)

    def uncalibrated(self) -> BaseLanguageScorer:
        """As of `CalibratedScorer`."""
        return self._as_it_is

    @cached_property
    def _as_it_is(self) -> BaseLanguageScorer:
        return BaseLanguageScorer(self._model, calibrated=False)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        labels = check_candidates(candidate_labels)
        return likely_sets(self.log_probabilities(texts, labels), labels)

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[WrittenAnswer]:
        """What the model answers by itself, for each text."""
        with self._model.turn():
            return _write(self._model, texts, decodings, MAX_BASE_TOKENS)

    @property
    def fields(self) -> tuple[FieldConstraint, ...]:
        return ()

    def write_records(
        self, texts: Sequence[str], fields: Sequence[FieldConstraint], decodings: Sequence[Decoding], *, spaced: bool
    ) -> list[list[FieldAnswer]]:
        """As of `RecordWriter`."""
        decoder = RecordDecoder(self._model, MAX_BASE_TOKENS, fields, spaced=spaced, calibrated=self._calibrated)
        with self._model.turn():
            return decoder.write(texts, decodings)


class _TunedLanguageScorer:
    """Attributes: model, the base that the adapter is over; tuned, the adapter."""

    def __init__(self, model: LanguageModel, tuned: TunedAdapter) -> None:
        self.model, self.tuned = model, tuned

    @property
    def labels(self) -> tuple[str, ...] | None:
        return self.tuned.labels

    @property
    def multi_label(self) -> bool:
        return self.tuned.multi_label

    @property
    def notes(self) -> Mapping[str, Any]:
        return self.tuned.notes

    @property
    def shares_passes(self) -> bool:
        """As of `SharedScorer`."""
        return self.model.takes_turns

    def _candidates(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        return self.tuned.labels if labels is None else check_candidates(labels)


class HeadScorer(_TunedLanguageScorer):
    """Adapter with a head; its probabilities are at the temperature that was fitted."""

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        with self.model.turn():
            return self.from_logits(head_logits(self.model, texts, self.head(candidate_labels), self.tuned))

    def head(self, candidate_labels: Sequence[str] | None) -> Head:
        """The head over these labels, or those of the training."""
        assert self.tuned.head is not None
        return self.tuned.head.for_labels(self.model, self._candidates(candidate_labels))

    def from_logits(self, logits: losses.Floats) -> losses.Floats:
        """Log probabilities from the head's logits, (texts, labels)."""
        tempered = logits / self.tuned.temperature
        return losses.log_logistic(tempered) if self.multi_label else losses.log_softmax(tempered)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        labels = self._candidates(candidate_labels)
        probability = np.exp(self.log_probabilities(texts, labels))
        if not self.multi_label:
            return [(labels[int(index)],) for index in probability.argmax(axis=1)]
        return label_sets(self.tuned.thresholds.choose(probability, labels, self.tuned.allow_empty), labels)


class GenerationScorer(_TunedLanguageScorer):
    """Adapter that generates: labels by the probability of what the training wrote for them."""

    def __init__(self, model: LanguageModel, tuned: TunedAdapter) -> None:
        super().__init__(model, tuned)
        self._limit = tuned.spec.max_context_length
        self._choice = LabelChoice(
            model, self._limit, tuned.adapter, calibrated=False, adapted_prefix=tuned.adapted_prefix
        )

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        with self.model.turn():
            return self.from_scores(self._choice.log_probabilities(texts, self.answers(candidate_labels)))

    def answers(self, candidate_labels: Sequence[str] | None) -> tuple[str, ...]:
        """What the training wrote for these labels, or for its own."""
        return tuple(self.tuned.answers.get(label, label) for label in self._candidates(candidate_labels))

    def from_scores(self, scores: losses.Floats) -> losses.Floats:
        """Log probabilities among the answers from natural log probabilities of each, (texts, answers)."""
        among = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return losses.log_softmax(among / self.tuned.temperature)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        labels = self._candidates(candidate_labels)
        best = self.log_probabilities(texts, labels).argmax(axis=1)
        return [(labels[int(index)],) for index in best]

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[WrittenAnswer]:
        """As of `BaseLanguageScorer`."""
        tuned = self.tuned
        with self.model.turn():
            return _write(
                *(self.model, texts, decodings, self._limit, tuned.adapter), adapted_prefix=tuned.adapted_prefix
            )


class ObjectScorer(GenerationScorer):
    """Adapter that generates objects of several fields; labels alone it scores as its base model does."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        return None

    @property
    def fields(self) -> tuple[FieldConstraint, ...]:
        return self.tuned.fields

    def _candidates(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        return check_candidates(labels)

    def write_records(
        self, texts: Sequence[str], fields: Sequence[FieldConstraint], decodings: Sequence[Decoding], *, spaced: bool
    ) -> list[list[FieldAnswer]]:
        """As of `RecordWriter`."""
        tuned = self.tuned
        decoder = RecordDecoder(
            *(self.model, self._limit, [self._as_learned(field) for field in fields], tuned.adapter),
            spaced=spaced,
            calibrated=False,
            adapted_prefix=tuned.adapted_prefix,
        )
        with self.model.turn():
            return decoder.write(texts, decodings)

    def _as_learned(self, field: FieldConstraint) -> FieldConstraint:
        """A field of a request; a list without items, or null, only where the training had such."""
        learned = next(
            (each for each in self.fields if field.many and (each.path, each.many) == (field.path, True)), None
        )
        if learned is None:
            return field
        allowed = ("array", *field.types)
        return replace(field, types=tuple(name for name in learned.types if name in allowed))


def load_base_scorer(folder: LanguageModelFolder) -> BaseLanguageScorer:
    """The base model alone.

    Raises:
        WeightsError: its files are missing, changed, or not what transformers can load.
    """
    return BaseLanguageScorer(load(folder))


def load_tuned_scorer(tuned_folder: Path, folder: LanguageModelFolder) -> HeadScorer | GenerationScorer:
    """The adapter in a folder over its base model.

    Raises:
        EngineError: the folder holds no whole adapter, or one of other weights.
        WeightsError: as of `load_base_scorer`.
    """
    model = load(folder)
    tuned = load_adapter(tuned_folder, model.device)
    check_base(tuned, folder.digest)
    return scorer_of(model, tuned)


def scorer_of(model: LanguageModel, tuned: TunedAdapter) -> HeadScorer | GenerationScorer:
    """The scorer by the adapter's readout."""
    if tuned.fields:
        return ObjectScorer(model, tuned)
    return GenerationScorer(model, tuned) if tuned.head is None else HeadScorer(model, tuned)


def _write(
    model: LanguageModel,
    texts: Sequence[str],
    decodings: Sequence[Decoding],
    max_tokens: int,
    adapter: Adapter | None = None,
    *,
    adapted_prefix: bool = False,
) -> list[WrittenAnswer]:
    prompts = [model.prompts.encode(text, max_tokens, 1) for text in texts]
    answers: dict[int, WrittenAnswer] = {}
    for prefix, indices in by_prefix(model, prompts, adapter if adapted_prefix else None):

        def write(part: Sequence[int], prefix: Prefix = prefix) -> list[WrittenAnswer]:
            rows = [prompts[index].row for index in part]
            return free_decoding.write_answers(model, rows, prefix, [decodings[index] for index in part], adapter)

        for part, written in passes(indices, ROWS_PER_PASS, write):
            answers |= dict(zip(part, written, strict=True))
    return [answers[index] for index in range(len(texts))]


def head_logits(
    model: LanguageModel,
    texts: Sequence[str],
    head: Head,
    tuned: TunedAdapter,
    last_states: Callable[[Sequence[Sequence[int]], Prefix], torch.Tensor] | None = None,
) -> losses.Floats:
    """The head's logits, (texts, labels).

    Args:
        last_states: of rows after a prefix; left out, those that the model with the adapter computes.
    """
    prompts = [model.prompts.encode(text, tuned.spec.max_context_length) for text in texts]
    logits = np.empty((len(texts), len(head.labels)))
    for prefix, indices in by_prefix(model, prompts, tuned.adapter if tuned.adapted_prefix else None):

        def read(part: Sequence[int], prefix: Prefix = prefix) -> losses.Floats:
            rows = [prompts[index].row for index in part]
            with torch.no_grad():
                states = last_states(rows, prefix) if last_states else model.last_states(rows, prefix, tuned.adapter)
                return np.asarray(head.logits(states).double().cpu().numpy(), np.float64)

        done = passes if last_states else passes_side_by_side
        for part, scores in done(indices, ROWS_PER_PASS, read):
            logits[list(part)] = scores
    return logits
