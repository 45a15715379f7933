"""Record resolution: the object of every row's answer, reduced to the fields that are asked for, and their values.

Answers are read twice, once for the values of each field and once to write the records, so that of all objects there is
one in memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.fields.answer_field import MAX_VALUES, discrete
from fw_assets.classification.fields.record_field import RecordField, json_type
from fw_assets.classification.fields.records import Scalar, is_scalar, read_record, record_json, value_json, value_text
from fw_assets.classification.labels.aliases import LabelLookup, infer_labels
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.session import Session, field_kind

RECORD = "record"
"""Column of the rows with their parts: the row's answer as a JSON object of the fields that the session asks for."""
MAX_VALUE_EXCERPT = 60


class _Tally:
    """What is seen of one field: the rows of each value as JSON, until there are too many for a label."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: Counter[str] | None = Counter()
        self.types: set[str] = set()
        self.present = self.absent = self.longest = 0

    def add(self, record: Mapping[str, Any]) -> None:
        value = record.get(self.name)
        if not is_scalar(value):
            shown = json.dumps(value, ensure_ascii=False)[:MAX_VALUE_EXCERPT]
            raise input_error(
                f"{self.name} holds {shown}, expected a text, a number, true, false or null",
                field="fields",
                advice="Lists and objects cannot be asked for beside other fields: leave it out of `fields`. Nothing "
                "was started.",
            )
        written = value_json(value)
        self.present += self.name in record
        self.absent += value is None
        self.longest = max(self.longest, len(written.encode()))
        self.types.add(json_type(value))
        if self.counts is not None:
            self.counts[written] += 1
            if len(self.counts) > MAX_VALUES + 1:
                self.counts = None


class _Resolved(NamedTuple):
    """A field, and what each of its values in the data (as JSON) is written as."""

    field: RecordField
    written: Mapping[str, Scalar]


def resolve_records(
    frame: pl.DataFrame, split: pl.DataFrame, labels: Sequence[str], inspected: InspectedDataset, session: Session
) -> tuple[pl.Series, tuple[RecordField, ...]]:
    """The records of the rows, and the fields that they have.

    Args:
        frame: inspected rows; `answer`, `source`, `row` and `shape` are read.
        split: the same rows with their parts; `labels` and `split` are read.
        labels: the label set, which the first field has.

    Returns:
        The column `RECORD` (null for rows that are left out), and the fields in their order, the label first.

    Raises:
        InputError: rows without an object (file and line of each), or a field that cannot be asked for.
    """
    names = asked_names(session, inspected)
    kinds = dict(field_kind(item) for item in session.fields)
    used = (split["split"] != "excluded").to_list()
    tallies = [_Tally(name) for name in names]
    without = []
    for position, answer in enumerate(frame["answer"]):
        if not used[position]:
            continue
        record = read_record(answer)
        if record is None:
            without.append(position)
            continue
        for tally in tallies:
            tally.add(record)
    if without:
        raise _without_object(frame, without, inspected)
    fields = [_label_field(tallies[0], labels)]
    fields += [_field(tally, kinds.get(tally.name), inspected) for tally in tallies[1:]]
    columns = zip(frame["answer"], split["labels"], used, strict=True)
    rows = [_record(fields, answer, row_labels[0]) if asked else None for answer, row_labels, asked in columns]
    return pl.Series(RECORD, rows, dtype=pl.String), tuple(item.field for item in fields)


def several_labels(inspected: InspectedDataset) -> InputError:
    """The error of a label that may have several values in a row."""
    return input_error(
        f"{inspected.extraction.key} is the label, and rows have several of its values, or none; one was expected",
        field="fields",
        advice="Name a field with one value in each row first, or leave `fields` out. Nothing was started.",
    )


def asked_names(session: Session, inspected: InspectedDataset) -> tuple[str, ...]:
    """The fields that the session asks for, the label first."""
    names = tuple(field_kind(item)[0] for item in session.fields)
    if names != ("*",):
        return names
    label = inspected.extraction.key or ""
    others = (field.name for field in inspected.fields if field.kind != "other" and field.name != label)
    return (label, *others)


def _without_object(frame: pl.DataFrame, positions: Sequence[int], inspected: InspectedDataset) -> InputError:
    problems = []
    first = frame[positions[: InputError.MAX_SHOWN]]
    for source, row, shape in first.select("source", "row", "shape").iter_rows():
        file, line = location(inspected.files, row, source)
        message = "the answer holds no JSON object, of which `fields` names the keys"
        field = f"messages[{len(shape) - 1}].content"
        problems.append(Problem(kind="no-object", file=file, line=line, field=field, message=message))
    advice = "Correct these rows, or leave `fields` out to learn the label alone. Nothing was started."
    return InputError(problems, advice=advice, counts={"no-object": len(positions)})


def _label_field(tally: _Tally, labels: Sequence[str]) -> _Resolved:
    """The field that is the label; its values are the label set, in the types that they have in the data."""
    typed: dict[str, Scalar] = {label: label for label in labels}
    counts: Mapping[str, int] = tally.counts or {}
    for text in sorted(counts, key=lambda value: counts[value]):
        value = json.loads(text)
        if value_text(value) in typed:
            typed[value_text(value)] = value
    values = tuple(typed[label] for label in labels)
    longest = max(len(value_json(value).encode()) for value in values)
    return _Resolved(RecordField(name=tally.name, kind="label", values=values, longest=longest), typed)


def _field(tally: _Tally, forced: str | None, inspected: InspectedDataset) -> _Resolved:
    if not tally.present:
        known = ", ".join(field.name for field in inspected.fields) or "none"
        raise input_error(
            f"no answer has a field {tally.name!r}; the fields of the answers are {known}",
            field="fields",
            advice="Correct `fields`; nothing was started.",
        )
    common: dict[str, Any] = {"name": tally.name, "absent": tally.absent, "forced": bool(forced)}
    common["longest"] = tally.longest
    closed = tally.counts is not None and discrete(tally.counts)
    if forced == "text" or (forced is None and not closed):
        return _Resolved(RecordField(kind="text", types=tuple(sorted(tally.types)), **common), {})
    if tally.counts is None:
        raise input_error(
            f"{tally.name} has more than {MAX_VALUES:,} values, which is the most that a label may have",
            field="fields",
            advice=f"Ask for it as free text: `{tally.name}:text`. Nothing was started.",
        )
    values, written = _joined_spellings(tally.counts)
    return _Resolved(RecordField(kind="label", values=values, **common), written)


def _joined_spellings(counts: Mapping[str, int]) -> tuple[tuple[Scalar, ...], dict[str, Scalar]]:
    """The values of a label, and what each spelling of the data is written as; other values than texts stay."""
    spelled = {json.loads(text): rows for text, rows in counts.items() if text.startswith('"')}
    lookup = LabelLookup(infer_labels(spelled))
    written: dict[str, Scalar] = {value_json(text): lookup.find(text) or text for text in spelled}
    others = sorted((text for text in counts if not text.startswith('"')), key=lambda text: (text == "null", text))
    written |= {text: json.loads(text) for text in others}
    return (*lookup.labels, *(json.loads(text) for text in others)), written


def _record(fields: Sequence[_Resolved], answer: str, label: str) -> str:
    record = read_record(answer) or {}
    (first, *others) = fields
    values: dict[str, Scalar] = {first.field.name: first.written[label]}
    for item in others:
        value = record.get(item.field.name)
        values[item.field.name] = item.written[value_json(value)] if item.field.kind == "label" else value
    return record_json(values)
