"""Fine-tuning: a low-rank update of each side, trained on that side's own loss; their logits are then pooled.

Trained apart, the sides err apart, and the sum of their logits is better than what one loss of the sum finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine import tuned_model as storage
from fw_assets.embedded.engine.features.text_encoders import TextEncoder, text_encoders
from fw_assets.embedded.engine.registry import REGISTRY
from fw_assets.embedded.engine.training_spec import EngineError, TrainingRow, TrainingSpec
from fw_assets.embedded.engine.updates import Arrays, Update, apply

F32 = NDArray[np.float32]
Record = Callable[[dict[str, float]], None]

_WARM_UP = 0.1
_RECORDS = 200
# Shares of two trained sides, tried on the evaluation rows, the default first.
_POOLS = ((0.72, 0.48), (0.48, 0.72), (0.36, 0.84), (0.9, 0.3), (1.08, 0.12))


def train(
    spec: TrainingSpec,
    rows: Sequence[TrainingRow],
    evaluation: Sequence[TrainingRow] | None,
    out: Path,
    cache: Path,
    multi_label: bool,
    on_record: Record,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Trains one model and writes it into the folder `out`.

    The loss is the cross-entropy, each row times its weight. With evaluation rows, the epoch of least loss on
    them is kept (epoch 0 is the base model), measured at the temperature that is best for them; without, the
    last. `on_record` gets `step`, `epoch`, `train/loss` and `train/lr` for up to about 200 steps, and `step`,
    `epoch`, `eval/loss` and `eval/accuracy` (the exact set, if multi-label) after each epoch and before the
    first. `notes` is stored with the model. Raises `EngineError` for rows or parameters it cannot train on.
    """
    _check(spec, rows, multi_label)
    _check_labels(evaluation or (), multi_label, "evaluation row")
    run = _Run(spec, rows, list(evaluation or ()), cache, multi_label)
    best = run.state(0.0)
    if run.evaluated:
        on_record({"step": 0, "epoch": 0.0, "eval/loss": best.loss, "eval/accuracy": best.accuracy})
    for step, epoch, loss, rate, ends in run.steps():
        if step == 1 or ends or step % max(1, run.total // _RECORDS) == 0:
            on_record({"step": step, "epoch": epoch, "train/loss": loss, "train/lr": rate})
        if not ends or (not run.evaluated and step < run.total):
            continue
        state = run.state(epoch)
        if run.evaluated:
            on_record({"step": step, "epoch": epoch, "eval/loss": state.loss, "eval/accuracy": state.accuracy})
        if not run.evaluated or state.loss < best.loss:
            best = state
    storage.save(
        storage.Tuned(
            spec=spec,
            labels=run.labels,
            multi_label=multi_label,
            shares=best.shares,
            temperature=best.temperature,
            threshold=best.threshold,
            allow_empty=run.allow_empty,
            best_epoch=best.epoch,
            notes=dict(notes or {}),
            arrays=best.arrays,
        ),
        out,
    )


@dataclass(frozen=True)
class _State:
    """What an epoch left: its arrays by side, and how it did on the evaluation rows (NaN without any)."""

    epoch: float
    arrays: dict[str, Arrays]
    loss: float
    accuracy: float
    shares: dict[str, float]
    temperature: float
    threshold: float


class _Run:
    """One training run: features, targets, updates and the order of steps."""

    def __init__(
        self,
        spec: TrainingSpec,
        rows: Sequence[TrainingRow],
        evaluation: Sequence[TrainingRow],
        cache: Path,
        multi_label: bool,
    ) -> None:
        self._spec, self._multi_label = spec, multi_label
        self.labels = tuple(sorted({label for row in rows for label in row.labels}))
        unseen = tuple(sorted({label for row in evaluation for label in row.labels} - set(self.labels)))
        self._columns = self.labels + unseen
        self.allow_empty = multi_label and any(not row.labels for row in rows)
        self.evaluated = bool(evaluation)
        self._rng = np.random.default_rng(spec.seed)
        self._rows = len(rows)
        self._steps_an_epoch = math.ceil(self._rows / spec.batch_size)
        self.total = max(1, math.ceil(spec.epochs * self._steps_an_epoch - 1e-9))
        weight = np.array([row.weight for row in rows], np.float32)
        self._weight = weight / weight.mean()
        self._target = _target(rows, self.labels)
        self._eval_target = _target(evaluation, self._columns)
        eval_weight = np.array([row.weight for row in evaluation], np.float64)
        self._eval_weight = eval_weight if eval_weight.sum() > 0 else np.ones(len(evaluation))
        found = text_encoders(spec.base_model, cache)
        self._sides = [side for side, _ in found]
        self._base_shares = tuple(share for _, share in found)
        self._pools = _POOLS if len(found) > 1 else ((1.0,),)
        self._read(self._sides, [row.text for row in rows], [row.text for row in evaluation])

    def _read(self, sides: Sequence[TextEncoder], texts: Sequence[str], eval_texts: Sequence[str]) -> None:
        limit = self._spec.max_context_length
        readings = [side.read(texts, limit) for side in sides]
        eval_readings = [side.read(eval_texts, limit) for side in sides]
        pairs = list(zip(sides, readings, strict=True))
        self._bases = [self._start(side.base(reading, self.labels)) for side, reading in pairs]
        self._vocabularies = [side.fit_vocabulary(reading) for side, reading in pairs]
        every = np.arange(self._rows)
        self._updates: list[Update] = [
            side.update(side.features(reading, words), self._gradient(base, every), self._spec.lora_rank, self._rng)
            for (side, reading), words, base in zip(pairs, self._vocabularies, self._bases, strict=True)
        ]
        self._eval_bases: list[F32] = []
        self._eval_features: list[Any] = []
        if self.evaluated:
            self._eval_bases = [
                side.base(reading, self._columns) for side, reading in zip(sides, eval_readings, strict=True)
            ]
            self._eval_features = [
                side.features(reading, words)
                for side, reading, words in zip(sides, eval_readings, self._vocabularies, strict=True)
            ]

    def _start(self, base: F32) -> F32:
        return losses.softened_odds(base) if self._multi_label else base

    def _gradient(self, logits: F32, picked: NDArray[np.int64]) -> F32:
        difference = losses.probabilities(logits, self._multi_label) - self._target[picked]
        return np.asarray(difference * self._weight[picked, None] / len(picked), np.float32)

    def steps(self) -> Iterator[tuple[int, float, float, float, bool]]:
        """Takes every step; yields its number, the epoch so far, loss, rate, and whether an epoch ends."""
        step = 0
        size = self._spec.batch_size
        while step < self.total:
            order = self._rng.permutation(self._rows)
            for start in range(0, self._rows, size):
                picked = order[start : start + size]
                step += 1
                rate = self._spec.learning_rate * schedule(step, self.total)
                parts = []
                for update, base in zip(self._updates, self._bases, strict=True):
                    logits = base[picked] + update.forward(picked)
                    update.backward(self._gradient(logits, picked), rate)
                    parts.append(logits)
                pooled = _pool(parts, self._pools[0])
                loss = losses.row_losses(pooled, self._target[picked], self._multi_label)
                ends = start + size >= self._rows or step == self.total
                mean = float((loss * self._weight[picked]).mean())
                yield step, step / self._steps_an_epoch, mean, rate, ends
                if step == self.total:
                    return

    def state(self, epoch: float) -> _State:
        """The arrays as they are now, measured on the evaluation rows."""
        arrays = [update.arrays() if epoch else {} for update in self._updates]
        stored = {
            side.name: {**vocabulary, **own}
            for side, vocabulary, own in zip(self._sides, self._vocabularies, arrays, strict=True)
            if own
        }
        names = [side.name for side in self._sides]
        pools = self._pools if epoch else (self._base_shares,)
        if not self.evaluated:
            return _State(epoch, stored, math.nan, math.nan, dict(zip(names, pools[0], strict=True)), 1.0, 0.5)
        target, weight = self._eval_target, self._eval_weight
        parts = self._eval_logits(arrays) if epoch else self._eval_bases
        loss, temperature, shares = math.inf, 1.0, pools[0]
        for pool in pools:
            pooled = _pool(parts, pool)
            if self._multi_label and not epoch:
                pooled = losses.odds(pooled)
            divisor, value = losses.fit_temperature(pooled, target, weight, self._multi_label)
            if value < loss:
                loss, temperature, shares, logits = value, divisor, pool, pooled
        chance = losses.probabilities(logits / np.float32(temperature), self._multi_label)
        threshold = 0.5
        if self._multi_label:
            threshold = losses.fit_threshold(chance, target, weight, self.allow_empty)
            chosen = losses.choose_sets(chance, threshold, self.allow_empty)
            right = (chosen == (target > 0)).all(axis=1)
        else:
            right = chance.argmax(axis=1) == target.argmax(axis=1)
        accuracy = float(np.average(right, weights=weight))
        own_shares = dict(zip(names, shares, strict=True))
        return _State(epoch, stored, loss, accuracy, own_shares, temperature, threshold)

    def _eval_logits(self, arrays: Sequence[Arrays]) -> list[F32]:
        found = []
        for base, features, own in zip(self._eval_bases, self._eval_features, arrays, strict=True):
            logits = self._start(base).copy()
            logits[:, : len(self.labels)] += apply(features, own)
            found.append(logits)
        return found


def _pool(parts: Sequence[F32], shares: Sequence[float]) -> F32:
    total = np.zeros_like(parts[0])
    for part, share in zip(parts, shares, strict=True):
        total += np.float32(share) * part
    return total


def schedule(step: int, total: int) -> float:
    """The share of the peak rate at step 1..total: a tenth of linear warm-up, then linear decay."""
    warm = max(1.0, _WARM_UP * total)
    return min(step / warm, (total - step + 1) / max(total - warm + 1, 1.0), 1.0)


def _target(rows: Sequence[TrainingRow], labels: Sequence[str]) -> F32:
    place = {label: index for index, label in enumerate(labels)}
    target = np.zeros((len(rows), len(labels)), np.float32)
    for index, row in enumerate(rows):
        target[index, [place[label] for label in row.labels]] = 1
    return target


def _check(spec: TrainingSpec, rows: Sequence[TrainingRow], multi_label: bool) -> None:
    if spec.base_model not in REGISTRY:
        raise EngineError(f"no base model {spec.base_model!r}; there are {', '.join(REGISTRY)}")
    for name in ("lora_rank", "learning_rate", "epochs", "batch_size", "max_context_length"):
        value = getattr(spec, name)
        if not (math.isfinite(value) and value > 0):
            raise EngineError(f"{name} is {value}; it must be above 0")
    if not rows:
        raise EngineError("there are no training rows")
    _check_labels(rows, multi_label, "training row")
    if not any(row.labels for row in rows):
        raise EngineError("no training row has a label")
    if not any(row.weight > 0 for row in rows):
        raise EngineError("every training row has weight 0; at least one must be above 0")


def _check_labels(rows: Sequence[TrainingRow], multi_label: bool, kind: str) -> None:
    for number, row in enumerate(rows, start=1):
        if not (math.isfinite(row.weight) and row.weight >= 0):
            raise EngineError(f"{kind} {number}: weight {row.weight}; it must be a number from 0 up")
        if not multi_label and len(row.labels) != 1:
            raise EngineError(f"{kind} {number}: {len(row.labels)} labels; a single-label run needs exactly one")
