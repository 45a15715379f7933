"""Fine-tuning on JSON objects: one run for each field with a set of values, side by side, and a rule for each text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine import record_model
from fw_assets.embedded.engine.answer_fields import FieldConstraint, items_of, list_of
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
MIN_COMMON = 0.05
"""Share of the rows that have a list or an object at the least, for it to be said of every text."""

Run = Generator[TrainingRecord, None, TunedModel]


@dataclass(frozen=True)
class RecordRow:
    """One text with its record: the values of its fields as JSON, by path; weight and tokens as of a `TrainingRow`."""

    text: str
    record: Mapping[tuple[str, ...], str]
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
    for path in rows[0].record if rows else ():
        counts = Counter(row.record[path] for row in (*rows, *evaluation))
        item = _untrained(path, counts, rows)
        if item.values:
            before = _before(start, path)
            of = {value: label for label, value in item.values.items()}
            own, held_out = (
                [_row(row, tuple(of[value] for value in _said(row.record[path], item.many)), not runs) for row in part]
                for part in (rows, evaluation)
            )
            runs.append((item, fit(spec, own, held_out, cache, item.many, start=before)))
        fields.append(None if item.values else item)
    if not runs:
        raise EngineError("no field of the answers has two values that repeat, so there is nothing to learn")
    models = iter(_together([run for _, run in runs], on_record))
    trained = iter([replace(item, model=next(models)) for item, _ in runs])
    whole = RecordModel(spec.base_model, tuple(item or next(trained) for item in fields), dict(notes or {}))
    record_model.save(whole, out)


def object_rows(
    rows: Sequence[RecordRow], evaluation: Sequence[RecordRow]
) -> tuple[tuple[FieldConstraint, ...], list[TrainingRow], list[TrainingRow]]:
    """(fields, training rows, evaluation rows) as models that write objects take them.

    A field has the values of the rows, or is free where these do not repeat. A list of values that repeat is learned as
    a set, in the order of the field's values, each once. Other lists and objects are free JSON.
    """
    fields = []
    for path in rows[0].record if rows else ():
        fields.append(_written_field(path, Counter(row.record[path] for row in (*rows, *evaluation))))
    return (
        tuple(fields),
        [_object_row(row, fields) for row in rows],
        [_object_row(row, fields) for row in evaluation],
    )


def _written_field(path: tuple[str, ...], counts: Counter[str]) -> FieldConstraint:
    decoded = {value: json.loads(value) for value in counts}
    types = {_json_type(value) for value in decoded.values()}
    if len(counts) == 1:
        return FieldConstraint(path, tuple(counts))
    if not types & {"array", "object"}:
        if types <= {"boolean", "null"} or _closed(counts):
            return FieldConstraint(path, tuple(sorted(counts)))
        return FieldConstraint(path, types=tuple(sorted(types)))
    items = _items(counts, decoded)
    if items and _closed(items):
        nothing = (*(["array"] if "[]" in counts else []), *(["null"] if "null" in counts else []))
        return FieldConstraint(path, tuple(sorted(items)), nothing, many=True, least=_nothing(counts))
    return FieldConstraint(path, types=tuple(sorted(types)), least=_least(counts))


def _least(counts: Counter[str]) -> str:
    """What is said in place of a list or an object that was not written to its end: nothing, of the commonest kind."""
    kinds = {"[": "[]", "{": "{}", "n": "null"}
    return next(kinds[value[0]] for value, _ in counts.most_common() if value[0] in kinds)


def _object_row(row: RecordRow, fields: Sequence[FieldConstraint]) -> TrainingRow:
    values = tuple(_as_learned(row.record[field.path], field) for field in fields)
    return TrainingRow(row.text, (json.dumps(values),), row.weight, row.tokens, values=values)


def _as_learned(value: str, field: FieldConstraint) -> str:
    if not field.many or value == "null":
        return value
    said = set(items_of(value))
    return list_of(item for item in field.values or () if item in said)


def _json_type(value: Any) -> str:
    names = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _untrained(path: tuple[str, ...], counts: Counter[str], rows: Sequence[RecordRow]) -> LearnedField:
    """A field before any training; only those with `values` take one.

    Others are a constant, or a free text with its rule; lists of anything but a set of values, and objects, are what a
    good share of the rows have.
    """
    if len(counts) == 1:
        return LearnedField(path, constant=next(iter(counts)))
    decoded = {value: json.loads(value) for value in counts}
    if any(isinstance(value, list | dict) for value in decoded.values()):
        items = _items(counts, decoded)
        taught = any(_said(row.record[path], many=True) for row in rows) if items else False
        if items and taught and len(items) > 1 and _closed(items):
            return LearnedField(path, _labels(items), constant=_nothing(counts), many=True)
        value, times = counts.most_common(1)[0]
        return LearnedField(path, constant=value if times >= MIN_COMMON * counts.total() else "")
    if _closed(counts):
        return LearnedField(path, _labels(counts))
    targets = [_text(row.record[path]) for row in rows]
    return LearnedField(path, rule=learn_span_rule([row.text for row in rows], targets))


def _closed(counts: Counter[str]) -> bool:
    present = {value: times for value, times in counts.items() if value != "null"}
    once, total = sum(times == 1 for times in present.values()), sum(present.values())
    closed = 2 * len(present) <= total and (len(present) <= FEW_VALUES or once <= MAX_UNSEEN * total)
    return closed and len(present) <= MAX_VALUES


def _items(counts: Counter[str], decoded: Mapping[str, Any]) -> Counter[str] | None:
    """The items of lists as JSON; None unless each value is a list of texts and numbers, or null."""
    items: Counter[str] = Counter()
    for written, times in counts.items():
        value = decoded[written]
        if value is None:
            continue
        if not isinstance(value, list) or any(item is None or isinstance(item, list | dict) for item in value):
            return None
        items.update(dict.fromkeys(_said(written, many=True), times))
    return items


def _said(value: str, many: bool) -> list[str]:
    """The items of a list as JSON, each once, none of null; else the value itself."""
    return items_of(value) if many else [value]


def _nothing(counts: Counter[str]) -> str:
    """How most rows of no item say so."""
    return "null" if counts["null"] > counts["[]"] else "[]"


def _labels(counts: Counter[str]) -> dict[str, str]:
    """The values as JSON by how a model calls them: texts without quotes, unless another value is called so."""
    called = Counter(_text(value) for value in counts)
    return {(_text(value) if called[_text(value)] == 1 else value): value for value in sorted(counts)}


def _text(value: str) -> str:
    decoded = json.loads(value)
    return decoded if isinstance(decoded, str) and decoded else value


def _row(row: RecordRow, labels: tuple[str, ...], counts_tokens: bool) -> TrainingRow:
    return TrainingRow(row.text, labels, row.weight, row.tokens if counts_tokens else 0)


def _before(start: RecordModel | None, path: tuple[str, ...]) -> TunedModel | None:
    return next((item.model for item in start.fields if item.path == path), None) if start else None


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
