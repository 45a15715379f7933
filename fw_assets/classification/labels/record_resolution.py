"""Record resolution: the object of every row's answer, reduced to the fields that are asked for, and their values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.fields.answer_field import MAX_VALUES, discrete, value_counts
from fw_assets.classification.fields.record_field import RecordField, json_type
from fw_assets.classification.fields.records import Scalar, is_scalar, read_record, record_json, value_json, value_text
from fw_assets.classification.labels.aliases import LabelLookup, infer_labels
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.session import Session, field_kind

RECORD = "record"
"""Column of the rows with their parts: the row's answer as a JSON object of the fields that the session asks for."""
MAX_VALUE_EXCERPT = 60

Records = dict[str, dict[str, Any]]
"""By answer text; answers without an object are not in it."""


class _Resolved(NamedTuple):
    """A field, and what each of its values in the data (as JSON) is written as."""

    field: RecordField
    written: Mapping[str, Scalar]


def resolve_records(
    frame: pl.DataFrame, split: pl.DataFrame, labels: Sequence[str], inspected: InspectedDataset, session: Session
) -> tuple[pl.Series, tuple[RecordField, ...]]:
    """The records of the rows, and the fields that they have.

    Args:
        frame: inspected rows; `answer`, `source` and `row` are read.
        split: the same rows with their parts; `labels` and `split` are read.
        labels: the label set, which the first field has.

    Returns:
        The column `RECORD` (null for rows that are left out), and the fields in their order, the label first.

    Raises:
        InputError: rows without an object (file and line of each), or a field that cannot be asked for.
    """
    used = frame.with_columns(split["labels"], split["split"]).filter(pl.col("split") != "excluded")
    answers = Counter(used["answer"].drop_nulls())
    records = {answer: record for answer in answers if (record := read_record(answer)) is not None}
    _check_objects(used, records, inspected)
    weighted = [(record, answers[answer]) for answer, record in records.items()]
    names = asked_names(session, inspected)
    kinds = dict(field_kind(item) for item in session.fields)
    label, *others = names
    fields = [_label_field(label, labels, weighted)]
    fields += [_resolved(name, kinds.get(name), weighted, inspected) for name in others]
    rows = [
        None if part == "excluded" else _record(fields, records[answer], row_labels[0])
        for answer, row_labels, part in zip(frame["answer"], split["labels"], split["split"], strict=True)
    ]
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


def _check_objects(used: pl.DataFrame, records: Records, inspected: InspectedDataset) -> None:
    without = used.filter(~pl.col("answer").is_in(list(records)) | pl.col("answer").is_null())
    if not without.height:
        return
    problems = []
    for source, row, shape in without.head(InputError.MAX_SHOWN).select("source", "row", "shape").iter_rows():
        file, line = location(inspected.files, row, source)
        message = "the answer holds no JSON object, of which `fields` names the keys"
        field = f"messages[{len(shape) - 1}].content"
        problems.append(Problem(kind="no-object", file=file, line=line, field=field, message=message))
    advice = "Correct these rows, or leave `fields` out to learn the label alone. Nothing was started."
    raise InputError(problems, advice=advice, counts={"no-object": without.height})


def _label_field(name: str, labels: Sequence[str], records: Sequence[tuple[dict[str, Any], int]]) -> _Resolved:
    """The field that is the label; its values are the label set, in the types that they have in the data."""
    counts = value_counts(name, records)
    typed: dict[str, Scalar] = {label: label for label in labels}
    for text in sorted(counts, key=lambda value: counts[value]):
        value = json.loads(text)
        if is_scalar(value) and value_text(value) in typed:
            typed[value_text(value)] = value
    values = tuple(typed[label] for label in labels)
    longest = max(len(value_json(value).encode()) for value in values)
    return _Resolved(RecordField(name=name, kind="label", values=values, longest=longest), typed)


def _resolved(
    name: str, forced: str | None, records: Sequence[tuple[dict[str, Any], int]], inspected: InspectedDataset
) -> _Resolved:
    if not any(name in record for record, _ in records):
        known = ", ".join(field.name for field in inspected.fields) or "none"
        raise input_error(
            f"no answer has a field {name!r}; the fields of the answers are {known}",
            field="fields",
            advice="Correct `fields`; nothing was started.",
        )
    wrong = next((record[name] for record, _ in records if not is_scalar(record.get(name))), None)
    if wrong is not None:
        raise input_error(
            f"{name} holds {json.dumps(wrong, ensure_ascii=False)[:MAX_VALUE_EXCERPT]}, expected a text, a number, "
            "true, false or null",
            field="fields",
            advice="Lists and objects cannot be asked for beside other fields: leave it out of `fields`. Nothing was "
            "started.",
        )
    counts = value_counts(name, records)
    absent = sum(times for record, times in records if record.get(name) is None)
    longest = max(len(text.encode()) for text in counts)
    if forced == "text" or (forced is None and not discrete(counts)):
        types = tuple(sorted({json_type(json.loads(text)) for text in counts}))
        return _Resolved(
            RecordField(name=name, kind="text", types=types, longest=longest, absent=absent, forced=bool(forced)), {}
        )
    values, written = _joined_spellings(counts)
    if len(values) > MAX_VALUES:
        raise input_error(
            f"{name} has {len(values):,} values, expected at most {MAX_VALUES:,} of a label",
            field="fields",
            advice=f"Ask for it as free text: `{name}:text`. Nothing was started.",
        )
    return _Resolved(
        RecordField(name=name, kind="label", values=values, longest=longest, absent=absent, forced=bool(forced)),
        written,
    )


def _joined_spellings(counts: Mapping[str, int]) -> tuple[tuple[Scalar, ...], dict[str, Scalar]]:
    """The values of a label, and what each spelling of the data is written as; other values than texts stay."""
    spelled = {json.loads(text): rows for text, rows in counts.items() if text.startswith('"')}
    lookup = LabelLookup(infer_labels(spelled))
    written: dict[str, Scalar] = {value_json(text): lookup.find(text) or text for text in spelled}
    others = sorted(text for text in counts if not text.startswith('"'))
    written |= {text: json.loads(text) for text in others}
    return (*lookup.labels, *(json.loads(text) for text in others)), written


def _record(fields: Sequence[_Resolved], record: Mapping[str, Any], label: str) -> str:
    (first, *others) = fields
    values: dict[str, Scalar] = {first.field.name: first.written[label]}
    for item in others:
        value = record.get(item.field.name)
        values[item.field.name] = item.written[value_json(value)] if item.field.kind == "label" else value
    return record_json(values)
