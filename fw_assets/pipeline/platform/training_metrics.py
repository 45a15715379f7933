"""Figures of a fine-tuning job's metrics records: its curve on the evaluation rows, and those of the served epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fw_assets.report.schema.tuning import EpochMetrics

KEPT_EPOCH = "eval/kept_epoch"
"""The field with which the embedded platform of version 0.1 named the epoch of the least loss, which it served. Without
it what the last epoch left is served."""

TOKENS = "train/total_tokens"
"""The field of a step's record with the tokens of that step alone."""

Records = Sequence[Mapping[str, float]]


class TrainingMetrics(NamedTuple):
    """Evaluation figures by epoch; `served` is those of the model that the platform serves, None without evaluation."""

    curve: tuple[EpochMetrics, ...]
    served: EpochMetrics | None
    train_loss: float | None


def trained_tokens(records: Records) -> int | None:
    """The tokens that a job trained on: the sum over its steps; None where no record counts any.

    A trainer that restarts writes the steps since its last checkpoint again: each step counts once, with its later
    figure. Records without `step` count each.
    """
    counts = [record for record in records if record.get(TOKENS, -1.0) >= 0]
    if not counts:
        return None
    if any(record[TOKENS] == 0 and record.get("step") == 0 and "epoch" in record for record in counts):
        # The embedded platform of version 0.1 wrote running totals, from 0 before the first step.
        return int(max(record[TOKENS] for record in counts))
    by_step = {record.get("step", -place): record[TOKENS] for place, record in enumerate(counts, start=1)}
    return int(math.fsum(by_step.values()))


def training_metrics(records: Records, epochs: int) -> TrainingMetrics:
    """The curve and the served epoch of the records of a job of so many epochs.

    Records of one step are one point, the later figure counting. A point's epoch follows from its step, since every
    epoch has as many: `epochs` x step / last step. Records without `step` are counted from 1, and those that name their
    epoch, as version 0.1 of the embedded platform wrote them, have that.
    """
    evaluations = [record for record in records if "eval/loss" in record or "eval/accuracy" in record]
    last = max((record.get("step", 0.0) for record in records), default=0.0)
    points: dict[float, dict[str, float]] = {}
    for place, record in enumerate(evaluations, start=1):
        points.setdefault(_epoch(record, epochs, last, place), {}).update(record)
    curve = tuple(
        EpochMetrics(epoch=epoch, loss=point.get("eval/loss"), accuracy=point.get("eval/accuracy"))
        for epoch, point in sorted(points.items())
    )
    named = [record[KEPT_EPOCH] for record in records if KEPT_EPOCH in record]
    served = _served(curve, named[-1]) if named else _last(curve, evaluations, last)
    return TrainingMetrics(curve, served, _train_loss(records, named[-1] if named else None))


def _epoch(record: Mapping[str, float], epochs: int, last: float, place: int) -> float:
    if "epoch" in record:
        return record["epoch"]
    return round(epochs * record["step"] / last, 6) if last > 0 and "step" in record else float(place)


def _served(curve: tuple[EpochMetrics, ...], epoch: float) -> EpochMetrics | None:
    # Figures of any other epoch would be another model's.
    return next((point for point in curve if abs(point.epoch - epoch) < 1e-6), None)


def _last(curve: tuple[EpochMetrics, ...], evaluations: Records, last: float) -> EpochMetrics | None:
    """The last point, unless steps were taken after its evaluation, as when that of the last epoch failed."""
    evaluated = any(record.get("step", last) >= last for record in evaluations)
    return curve[-1] if evaluated else None


def _train_loss(records: Records, epoch: float | None) -> float | None:
    losses = [
        record["train/loss"]
        for record in records
        if "train/loss" in record and (epoch is None or record.get("epoch", epoch) <= epoch)
    ]
    return losses[-1] if losses else None
