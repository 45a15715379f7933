"""Figures of a fine-tuning job's metrics records: its curve on the evaluation rows, and those of the kept epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fw_assets.report.schema.tuning import EpochMetrics

KEPT_EPOCH = "eval/kept_epoch"
"""The field of a metrics record that names the epoch whose model was kept. Platforms that stop no job early have no
such record, and serve what the last epoch left."""

TOKENS = "train/total_tokens"
"""The field of a step's record with the tokens of that step alone."""

Records = Sequence[Mapping[str, float]]


class TrainingMetrics(NamedTuple):
    """Evaluation figures by epoch; `kept` is those of the model that the platform serves, None without evaluation."""

    curve: tuple[EpochMetrics, ...]
    kept: EpochMetrics | None
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


def training_metrics(records: Records) -> TrainingMetrics:
    """The curve and the kept epoch of a job's records.

    Records of one epoch (or of one step, where epochs are not given) are one point, the later figure counting. Without
    `epoch` in every one of them, a point's epoch is its place among the evaluations, from 1.
    """
    evaluations = [record for record in records if "eval/loss" in record or "eval/accuracy" in record]
    has_epochs = all("epoch" in record for record in evaluations)
    points: dict[float, dict[str, float]] = {}
    for place, record in enumerate(evaluations, start=1):
        key = record["epoch"] if has_epochs else record.get("step", -place)
        points.setdefault(key, {}).update(record)
    curve = tuple(
        EpochMetrics(
            epoch=point["epoch"] if has_epochs else place,
            loss=point.get("eval/loss"),
            accuracy=point.get("eval/accuracy"),
        )
        for place, point in enumerate(points.values(), start=1)
    )
    kept = _kept(curve, records)
    return TrainingMetrics(curve, kept, _train_loss(records, kept.epoch if kept and has_epochs else None))


def _kept(curve: tuple[EpochMetrics, ...], records: Records) -> EpochMetrics | None:
    named = [record[KEPT_EPOCH] for record in records if KEPT_EPOCH in record]
    if not named:
        return curve[-1] if curve else None
    # Figures of any other epoch would be another model's.
    return next((point for point in curve if abs(point.epoch - named[-1]) < 1e-6), None)


def _train_loss(records: Records, epoch: float | None) -> float | None:
    losses = [
        record["train/loss"]
        for record in records
        if "train/loss" in record and (epoch is None or record.get("epoch", epoch) <= epoch)
    ]
    return losses[-1] if losses else None
