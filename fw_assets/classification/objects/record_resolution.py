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

from fw_assets.classification.errors import input_error
from fw_assets.classification.fields.paths import LostValue, Path, nested, other_names, path_name, value_at
from fw_assets.classification.fields.record_field import RecordField, written_order
from fw_assets.classification.fields.records import (
    RepeatedName,
    Scalar,
    is_scalar,
    read_record,
    record_json,
    value_json,
    value_text,
)
from fw_assets.classification.fields.value_tally import MAX_VALUES, RecordKind, ValueTally
from fw_assets.classification.labels.aliases import LabelLookup, infer_labels
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import Finding
from fw_assets.classification.objects.asked_fields import AskedName, asked_fields, written_places
from fw_assets.classification.objects.record_findings import other_fields, several_labels, two_types, unusable_rows
from fw_assets.classification.session import Session

RECORD = "record"
"""Column of the rows with their parts: the row's answer as a JSON object of the fields that the session asks for."""
MAX_EXCERPT = 60


class _Resolved(NamedTuple):
    """A field, and what each of its values in the data (as JSON) is written as; of a list what each item is."""

    field: RecordField
    written: Mapping[str, Scalar]


class Records(NamedTuple):
    """Attributes:

    column: `RECORD`, null for rows that are left out.
    fields: in the order of the session, the label first.
    findings: what the objects hold beside them, and values that are written in two ways.
    """

    column: pl.Series
    fields: tuple[RecordField, ...]
    findings: tuple[Finding, ...]


def resolve_records(
    frame: pl.DataFrame, split: pl.DataFrame, labels: Sequence[str], inspected: InspectedDataset, session: Session
) -> Records:
    """The records of the rows, and the fields that they have.

    Args:
        frame: inspected rows; `id`, `answer`, `source`, `row` and `shape` are read.
        split: the same rows with their parts; `labels` and `split` are read.
        labels: the label set, which the first field has.

    Raises:
        InputError: rows without an object, or with one of which a value would be lost (file and line of each), or a
            field that cannot be asked for.
    """
    asked = asked_fields(session, inspected)
    used = (split["split"] != "excluded").to_list()
    tallies, others = _read(frame, used, [item.path for item in asked], inspected)
    several = tallies[0].listed
    if not several and any(len(row) != 1 for row, is_used in zip(split["labels"], used, strict=True) if is_used):
        raise several_labels(inspected)
    places = written_places(session, inspected, asked)
    fields = [_label_field(asked[0], tallies[0], labels, places[0])]
    for item, tally, place in zip(asked[1:], tallies[1:], places[1:], strict=True):
        fields.append(_field(item, tally, place, inspected))
    columns = zip(frame["answer"], split["labels"], used, strict=True)
    rows = [_record(fields, answer, row_labels) if is_used else None for answer, row_labels, is_used in columns]
    return Records(
        pl.Series(RECORD, rows, dtype=pl.String),
        tuple(item.field for item in fields),
        (*other_fields(others, inspected), *two_types(asked, tallies)),
    )


def _read(
    frame: pl.DataFrame, used: Sequence[bool], paths: Sequence[Path], inspected: InspectedDataset
) -> tuple[list[ValueTally], Counter[Path]]:
    """What is seen of each field, and the rows of all other values, by path."""
    tallies = [ValueTally() for _ in paths]
    known, others = frozenset(paths), Counter[Path]()
    problems: list[tuple[int, str, str]] = []
    for position, answer in enumerate(frame["answer"]):
        if not used[position]:
            continue
        try:
            record = read_record(answer)
            if record is None:
                problems.append(
                    (position, "no-object", "the answer holds no JSON object, of which `fields` names the keys")
                )
                continue
            for path, tally in zip(paths, tallies, strict=True):
                tally.add(*value_at(record, path))
            others.update(other_names(record, known))
        except RepeatedName as error:
            problems.append(
                (position, "repeated-name", f"{error} is written twice in the answer, with different values")
            )
        except LostValue as error:
            shown = value_json(error.value)[:MAX_EXCERPT]
            problems.append(
                (position, "not-an-object", f"{path_name(error.path)} holds {shown}, in other rows an object")
            )
    if problems:
        raise unusable_rows(frame, problems, inspected)
    return tallies, others


def _label_field(asked: AskedName, tally: ValueTally, labels: Sequence[str], place: int) -> _Resolved:
    """The field that is the label; its values are the label set, in the types that they have in the data."""
    typed: dict[str, Scalar] = {label: label for label in labels}
    counts: Mapping[str, int] = (tally.items if tally.listed else tally.values) or {}
    for text in sorted(counts, key=lambda value: counts[value]):
        value = json.loads(text)
        if value_text(value) in typed:
            typed[value_text(value)] = value
    written = {label: typed[label] for label in labels}
    if tally.listed:
        spelled = {value_text(json.loads(text)): times for text, times in counts.items()}
        lookup = LabelLookup(infer_labels(spelled))
        written |= {text: typed[found] for text in spelled if (found := lookup.find(text)) in typed}
    values = tuple(typed[label] for label in labels)
    longest = tally.longest if tally.listed else max(len(value_json(value).encode()) for value in values)
    field = RecordField(
        name=asked.name,
        kind="list" if tally.listed else "label",
        values=values,
        longest=longest,
        path=_path(asked),
        position=place,
    )
    return _Resolved(field, written)


def _path(asked: AskedName) -> Path:
    return () if asked.path == (asked.name,) else asked.path


def _field(asked: AskedName, tally: ValueTally, place: int, inspected: InspectedDataset) -> _Resolved:
    if not tally.present:
        known = ", ".join(field.name for field in inspected.fields) or "none"
        raise input_error(
            f"no answer has a field {asked.name!r}; the fields of the answers are {known}",
            field="fields",
            advice="Correct `fields`; nothing was started.",
        )
    common: dict[str, Any] = {"name": asked.name, "absent": tally.absent, "forced": bool(asked.forced)}
    common |= {"longest": tally.longest, "path": _path(asked), "position": place}
    kind = _kind(asked, tally)
    if kind == "text":
        return _Resolved(RecordField(kind="text", types=tuple(sorted(tally.types)), **common), {})
    if kind == "json":
        return _Resolved(RecordField(kind="json", shape=value_json(tally.shape.json_schema), **common), {})
    counts = tally.values if kind == "label" else tally.items
    if counts is None:
        raise input_error(
            f"{asked.name} has more than {MAX_VALUES:,} values, which is the most that a label may have",
            field="fields",
            advice=f"Ask for it as free text: `{asked.name}:text`. Nothing was started.",
        )
    values, written = _joined_spellings(counts)
    nullable = kind == "list" and tally.absent > 0
    return _Resolved(RecordField(kind=kind, values=values, nullable=nullable, **common), written)


def _kind(asked: AskedName, tally: ValueTally) -> RecordKind:
    """The kind of the values, or what it is where the session says `text` or `label`."""
    if asked.forced is None:
        return tally.kind
    if asked.forced == "text":
        return "text" if tally.scalar else "json"
    if tally.scalar or (tally.listed and tally.items != {}):
        return "label" if tally.scalar else "list"
    raise input_error(
        f"{asked.name} holds lists or objects, which are no label; only lists of texts or numbers are labels",
        field="fields",
        advice=f"Ask for it as `{asked.name}`, to keep it as it is. Nothing was started.",
    )


def _joined_spellings(counts: Mapping[str, int]) -> tuple[tuple[Scalar, ...], dict[str, Scalar]]:
    """The values of a label, and what each spelling of the data is written as; other values than texts stay."""
    spelled = {json.loads(text): rows for text, rows in counts.items() if text.startswith('"')}
    lookup = LabelLookup(infer_labels(spelled))
    written: dict[str, Scalar] = {value_json(text): lookup.find(text) or text for text in spelled}
    others = sorted((text for text in counts if not text.startswith('"')), key=lambda text: (text == "null", text))
    written |= {text: json.loads(text) for text in others}
    return (*lookup.labels, *(json.loads(text) for text in others)), written


def _record(fields: Sequence[_Resolved], answer: str, labels: Sequence[str]) -> str:
    record = read_record(answer) or {}
    (first, *others) = fields
    values: dict[Path, Any] = {first.field.keys: _label_value(first, record, labels)}
    for item in others:
        _, value = value_at(record, item.field.keys)
        if item.field.kind == "label":
            value = item.written[value_json(value)]
        elif item.field.kind == "list" and value is not None:
            value = [item.written[value_json(each)] for each in value]
        values[item.field.keys] = value
    order = [item.keys for item in written_order([item.field for item in fields])]
    return record_json(nested((path, values[path]) for path in order))


def _label_value(item: _Resolved, record: Mapping[str, Any], labels: Sequence[str]) -> Any:
    """The row's label, or its labels in the order in which the answer has them."""
    values = [item.written[label] for label in labels]
    if item.field.kind == "label":
        return values[0]
    _, own = value_at(record, item.field.keys)
    said = [item.written.get(value_text(each)) for each in own or () if is_scalar(each)]
    return [
        *(value for value in dict.fromkeys(said) if value in values),
        *(value for value in values if value not in said),
    ]
