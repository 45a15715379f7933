"""State of one training run: features, targets, updates, the order of steps, and evaluations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.label_sets import SetThresholds, fit_thresholds
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec, rate_share
from fw_assets.embedded.engine.tuned_model import TunedModel
from fw_assets.embedded.engine.updates import Arrays, Update, apply

F32 = NDArray[np.float32]

_ROWS_PER_BLOCK = 512


@dataclass(frozen=True)
class TrainingStep:
    """One optimiser step; `epoch` is the number of passes so far, its loss the weighted mean over the batch.

    `tokens` are those of the batch.
    """

    number: int
    epoch: float
    loss: float
    rate: float
    tokens: int
    ends_epoch: bool


@dataclass(frozen=True)
class Evaluation:
    """Figures on the evaluation rows after so many steps and epochs; `accuracy` is of the exact set, if multi-label,
    and not measured of a language model's objects.

    `readout_losses` are those of each readout that a run chose its own by.
    """

    number: int
    epoch: float
    loss: float
    accuracy: float = math.nan
    readout_losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkDone:
    """Share of a training's work that is done, from 0 to 1, and the readout that is tried, if one is."""

    share: float
    trial: str = ""


@dataclass(frozen=True)
class CheckpointWritten:
    """A checkpoint, from which a run that is interrupted goes on, after so many steps and epochs."""

    number: int
    epoch: float


@dataclass(frozen=True)
class ResourceUse:
    """What a process has used for a training so far.

    Attributes:
        tokens: that it read in training, prompts and answers.
        seconds: in which it read them.
        peak_bytes: the most memory that it had, on the accelerator where there is one.
        rows_per_pass: the most rows that a pass may have, where memory ran out for more.
    """

    tokens: int
    seconds: float
    peak_bytes: int
    rows_per_pass: int | None


TrainingEvent = WorkDone | CheckpointWritten | ResourceUse
"""What a language model's training tells beside its records."""


@dataclass(frozen=True)
class Checkpoint:
    """The model as it is after a step.

    Attributes:
        arrays: by encoder name.
        loss, accuracy: on the evaluation rows; NaN without any.
    """

    arrays: dict[str, Arrays]
    loss: float
    accuracy: float
    shares: dict[str, float]
    temperature: float
    thresholds: SetThresholds


class TrainingRun:
    """One training run. The input has been checked.

    Attributes:
        labels: of the training rows and of the adapter that is continued, sorted; labels that only evaluation rows have
            come after them in the columns.
        evaluated: whether there are evaluation rows.
        allow_empty: whether an empty set of labels is a valid answer.
    """

    def __init__(
        self,
        spec: TrainingSpec,
        rows: Sequence[TrainingRow],
        evaluation: Sequence[TrainingRow],
        cache: Path,
        multi_label: bool,
        start: TunedModel | None = None,
    ) -> None:
        self._spec, self._multi_label = spec, multi_label
        self._continued = start if start is not None and start.arrays else None
        learned = self._continued.labels if self._continued else ()
        self.labels = tuple(sorted({*learned, *(label for row in rows for label in row.labels)}))
        only_evaluated = {label for row in evaluation for label in row.labels} - set(self.labels)
        self._columns = self.labels + tuple(sorted(only_evaluated))
        self.allow_empty = multi_label and any(not row.labels for row in rows)
        self.evaluated = bool(evaluation)
        self._rng = np.random.default_rng(spec.seed)
        self._rows = len(rows)
        self._steps_per_epoch = math.ceil(self._rows / spec.batch_size)
        self.total_steps = max(1, math.ceil(spec.epochs * self._steps_per_epoch - 1e-9))
        weight = np.array([row.weight for row in rows], np.float32)
        self._weight = weight / weight.mean()
        self._tokens = np.array([row.tokens for row in rows], np.int64)
        self._target = _target(rows, self.labels)
        self._eval_target = _target(evaluation, self._columns)
        eval_weight = np.array([row.weight for row in evaluation], np.float64)
        self._eval_weight = eval_weight if eval_weight.sum() > 0 else np.ones(len(evaluation))
        model = find_base_model(spec.base_model)
        self._encoders = model.load_encoders(cache)
        self._tuned_shares = model.tuned_shares
        self._prepare([row.text for row in rows], [row.text for row in evaluation])

    def _prepare(self, texts: Sequence[str], eval_texts: Sequence[str]) -> None:
        """Encode the texts and make an update per encoder."""
        limit = self._spec.max_context_length
        every_row = np.arange(self._rows)
        self._start_logits: list[F32] = []
        self._vocabularies: list[Arrays] = []
        self._updates: list[Update] = []
        self._eval_base_logits: list[F32] = []
        self._eval_features: list[Any] = []
        for encoder in self._encoders:
            encoded = encoder.encode(texts, limit)
            start_logits = self._start(encoder.base_logits(encoded, self.labels))
            vocabulary = encoder.fit_vocabulary(encoded)
            gradient = self._gradient(start_logits, every_row)
            earlier = self._continued.arrays.get(encoder.name) if self._continued else None
            if earlier:
                vocabulary, down = encoder.join_vocabulary(vocabulary, dict(earlier))
            features = encoder.features(encoded, vocabulary)
            update = encoder.new_update(features, gradient, self._spec.lora_rank, self._rng)
            if earlier:
                update.resume({"A": down, "B": self._columns_of(earlier["B"]), "b": self._columns_of(earlier["b"])})
            self._start_logits.append(start_logits)
            self._vocabularies.append(vocabulary)
            self._updates.append(update)
            if self.evaluated:
                eval_encoded = encoder.encode(eval_texts, limit)
                self._eval_base_logits.append(encoder.base_logits(eval_encoded, self._columns))
                self._eval_features.append(encoder.features(eval_encoded, vocabulary))

    def _columns_of(self, earlier: NDArray[Any]) -> F32:
        """An array of the adapter that is continued by the labels of this run; new labels start at zero, the base."""
        learned = self._continued.labels if self._continued else ()
        array = np.zeros((*earlier.shape[:-1], len(self.labels)), np.float32)
        array[..., [self.labels.index(label) for label in learned]] = earlier
        return array

    def _start(self, base_logits: F32) -> F32:
        return losses.softened_log_odds(base_logits) if self._multi_label else base_logits

    def _gradient(self, logits: F32, rows: NDArray[np.int64]) -> F32:
        gradient = np.empty(logits.shape, np.float32)
        # In blocks, because the probabilities have twice the size and intermediate copies.
        for start in range(0, len(rows), _ROWS_PER_BLOCK):
            block, part = slice(start, start + _ROWS_PER_BLOCK), rows[start : start + _ROWS_PER_BLOCK]
            difference = losses.probabilities(logits[block], self._multi_label) - self._target[part]
            gradient[block] = difference * self._weight[part, None] / len(rows)
        return gradient

    def steps(self) -> Iterator[TrainingStep]:
        """Take every step of the run, one per iteration."""
        number = 0
        batch_size = self._spec.batch_size
        while number < self.total_steps:
            order = self._rng.permutation(self._rows)
            for start in range(0, self._rows, batch_size):
                batch = order[start : start + batch_size]
                number += 1
                rate = self._spec.learning_rate * rate_share(self._spec, number, self.total_steps)
                logits_per_encoder = []
                for update, start_logits in zip(self._updates, self._start_logits, strict=True):
                    logits = start_logits[batch] + update.forward(batch)
                    update.backward(self._gradient(logits, batch), rate)
                    logits_per_encoder.append(logits)
                pooled = _pool(logits_per_encoder, self._tuned_shares[0])
                loss = losses.row_losses(pooled, self._target[batch], self._multi_label)
                mean_loss = float((loss * self._weight[batch]).mean())
                ends_epoch = start + batch_size >= self._rows or number == self.total_steps
                tokens = int(self._tokens[batch].sum())
                yield TrainingStep(number, number / self._steps_per_epoch, mean_loss, rate, tokens, ends_epoch)
                if number == self.total_steps:
                    return

    def checkpoint(self) -> Checkpoint:
        """The model as it is now, with the shares, temperature and thresholds that fit the evaluation rows best."""
        update_arrays = [update.arrays() for update in self._updates]
        names = [encoder.name for encoder in self._encoders]
        stored = {
            name: {**vocabulary, **arrays}
            for name, vocabulary, arrays in zip(names, self._vocabularies, update_arrays, strict=True)
        }
        if not self.evaluated:
            shares = dict(zip(names, self._tuned_shares[0], strict=True))
            return Checkpoint(stored, math.nan, math.nan, shares, 1.0, SetThresholds())
        logits_per_encoder = self._eval_logits(update_arrays)
        loss, temperature, best_shares = math.inf, 1.0, self._tuned_shares[0]
        for option in self._tuned_shares:
            pooled = _pool(logits_per_encoder, option)
            option_temperature, option_loss = losses.fit_temperature(
                pooled, self._eval_target, self._eval_weight, self._multi_label
            )
            if option_loss < loss:
                loss, temperature, best_shares, logits = option_loss, option_temperature, option, pooled
        accuracy, thresholds = self._evaluate(losses.probabilities(logits / np.float32(temperature), self._multi_label))
        shares = dict(zip(names, best_shares, strict=True))
        return Checkpoint(stored, loss, accuracy, shares, temperature, thresholds)

    def _eval_logits(self, update_arrays: Sequence[Arrays]) -> list[F32]:
        logits_per_encoder = []
        for base, features, arrays in zip(self._eval_base_logits, self._eval_features, update_arrays, strict=True):
            logits = self._start(base).copy()
            logits[:, : len(self.labels)] += apply(features, arrays)
            logits_per_encoder.append(logits)
        return logits_per_encoder

    def _evaluate(self, probability: losses.Floats) -> tuple[float, SetThresholds]:
        """(accuracy on the evaluation rows, thresholds of the label sets)."""
        target, weight = self._eval_target, self._eval_weight
        thresholds = SetThresholds()
        if self._multi_label:
            thresholds = fit_thresholds(
                probability, target, weight, self.labels, self.allow_empty, self._spec.thresholds
            )
            predicted = thresholds.choose(probability, self._columns, self.allow_empty)
            is_right = (predicted == (target > 0)).all(axis=1)
        else:
            is_right = probability.argmax(axis=1) == target.argmax(axis=1)
        return float(np.average(is_right, weights=weight)), thresholds


def _pool(logits_per_encoder: Sequence[F32], shares: Sequence[float]) -> F32:
    total = np.zeros_like(logits_per_encoder[0])
    for logits, share in zip(logits_per_encoder, shares, strict=True):
        total += np.float32(share) * logits
    return total


def _target(rows: Sequence[TrainingRow], labels: Sequence[str]) -> F32:
    index = {label: column for column, label in enumerate(labels)}
    target = np.zeros((len(rows), len(labels)), np.float32)
    for number, row in enumerate(rows):
        target[number, [index[label] for label in row.labels]] = 1
    return target
