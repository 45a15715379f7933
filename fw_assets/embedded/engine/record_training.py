"""Fine-tuning on JSON objects: one run for each field with a set of values, side by side, and a rule for each text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine import record_model
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.record_model import LearnedField, RecordModel
from fw_assets.embedded.engine.span_rule import learn_span_rule
from fw_assets.embedded.engine.training import OnRecord, TrainingRecord, fit
from fw_assets.embedded.engine.training_run import Evaluation
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.engine.tuned_model import TunedModel

MAX_VALUES = 5_000
MAX_UNSEEN = 0.05
"""The share of rows with a value that occurs once, above which more than a few values are free text."""
FEW_VALUES = 20

Run = Generator[TrainingRecord, None, TunedModel]


@dataclass(frozen=True)
class RecordRow:
    """One text with its record: the values of its fields as JSON; weight and tokens as of a `TrainingRow`."""

    text: str
    record: Mapping[str, str]
    weight: float = 1.0
    tokens: int = 0


def train_records(
    spec: TrainingSpec,
    rows: Sequence[RecordRow],
    evaluation: Sequence[RecordRow],
    out: Path,
    cache: Path,
    on_record: OnRecord,
    notes: Mapping[str, Any] | None = None,
    start: RecordModel | None = None,
) -> None:
    """Train one model of records and write it into the folder `out`.

    Records are those of `training.fit`, with the sum of the losses over the fields, the mean of their accuracies, and
    the tokens of each row once.

    Args:
        start: the model of records to continue; fields that it did not learn begin at the base model.

    Raises:
        EngineError: as `fit`, or no field has two values to choose between.
    """
    fields: list[LearnedField | None] = []
    runs: list[tuple[LearnedField, Run]] = []
    for name in rows[0].record if rows else ():
        counts = Counter(row.record[name] for row in (*rows, *evaluation))
        learned = _without_training(name, counts, rows)
        if learned is None:
            values = _labels(counts)
            before = _before(start, name)
            of = {value: label for label, value in values.items()}
            own, held_out = ([_row(row, of[row.record[name]], not runs) for row in part] for part in (rows, evaluation))
            runs.append((LearnedField(name, values), fit(spec, own, held_out, cache, False, start=before)))
        fields.append(learned)
    if not runs:
        raise EngineError("no field of the answers has two values that repeat, so there is nothing to learn")
    models = iter(_together([run for _, run in runs], on_record))
    trained = iter([replace(item, model=next(models)) for item, _ in runs])
    whole = RecordModel(spec.base_model, tuple(item or next(trained) for item in fields), dict(notes or {}))
    record_model.save(whole, out)


def _without_training(name: str, counts: Counter[str], rows: Sequence[RecordRow]) -> LearnedField | None:
    """A field that takes no training: a constant, or a free text; None where values are to be told apart."""
    if len(counts) == 1:
        return LearnedField(name, constant=next(iter(counts)))
    present = {value: times for value, times in counts.items() if value != "null"}
    once, total = sum(times == 1 for times in present.values()), sum(present.values())
    closed = 2 * len(present) <= total and (len(present) <= FEW_VALUES or once <= MAX_UNSEEN * total)
    if closed and len(present) <= MAX_VALUES:
        return None
    targets = [_text(row.record[name]) for row in rows]
    return LearnedField(name, rule=learn_span_rule([row.text for row in rows], targets))


def _labels(counts: Counter[str]) -> dict[str, str]:
    """The values as JSON by how a model calls them: texts without quotes, unless another value is called so."""
    called = Counter(_text(value) for value in counts)
    return {(_text(value) if called[_text(value)] == 1 else value): value for value in sorted(counts)}


def _text(value: str) -> str:
    decoded = json.loads(value)
    return decoded if isinstance(decoded, str) and decoded else value


def _row(row: RecordRow, label: str, counts_tokens: bool) -> TrainingRow:
    return TrainingRow(row.text, (label,), row.weight, row.tokens if counts_tokens else 0)


def _before(start: RecordModel | None, name: str) -> TunedModel | None:
    return next((item.model for item in start.fields if item.name == name), None) if start else None


def _together(runs: Sequence[Run], on_record: OnRecord) -> list[TunedModel]:
    """The models of runs that take the same steps, which are taken in turn."""
    while True:
        records: list[TrainingRecord] = []
        models: list[TunedModel] = []
        for run in runs:
            try:
                records.append(next(run))
            except StopIteration as end:
                models.append(end.value)
        if models:
            return models
        on_record(_merged(records))


def _merged(records: Sequence[TrainingRecord]) -> TrainingRecord:
    loss = sum(record.loss for record in records)
    evaluations = [record for record in records if isinstance(record, Evaluation)]
    if evaluations:
        accuracy = sum(record.accuracy for record in evaluations) / len(evaluations)
        return replace(evaluations[0], loss=loss, accuracy=accuracy)
    steps = [record for record in records if not isinstance(record, Evaluation)]
    return replace(steps[0], loss=loss, tokens=sum(step.tokens for step in steps))
