"""Records of the rows, and the fields that they have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.labels.record_resolution import resolve_records
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import inspect_in_memory, write_chat

Resolved = tuple[list[dict[str, Any] | None], dict[str, RecordField]]


def answers(count: int = 60) -> list[dict[str, Any]]:
    topics, cities = ("food", "room", "staff"), ("Berlin", "Paris", "berlin", "Rome")
    return [
        {"topic": topics[i % 3], "stars": i % 5 + 1, "city": cities[i % 4], "note": f"note {i}", "vip": i % 2 == 0}
        for i in range(count)
    ]


def resolved(folder: Path, rows: Sequence[dict[str, Any]], *fields: str, **session: Any) -> Resolved:
    texts = [(f"text {i * 7919} of {i}", json.dumps(row)) for i, row in enumerate(rows)]
    asked = Session.model_validate({"fields": fields, **session})
    frame, inspected = inspect_in_memory(write_chat(folder / "rows.jsonl", texts), None, asked)
    split, labels = resolve(frame, inspected, asked)
    records, found = resolve_records(frame, split, labels.labels, inspected, asked)
    return [json.loads(text) if text else None for text in records], {field.name: field for field in found}


def test_the_fields_come_in_the_order_of_the_session(tmp_path: Path) -> None:
    records, fields = resolved(tmp_path, answers(), "topic", "vip", "stars", "note")
    assert list(fields) == ["topic", "vip", "stars", "note"]
    assert records[0] == {"topic": "food", "vip": True, "stars": 1, "note": "note 0"}
    assert [list(record or {}) for record in records] == [list(fields)] * 60
    assert [fields[name].kind for name in fields] == ["label", "label", "label", "text"]
    assert set(fields["vip"].values) == {True, False}
    assert fields["note"].types == ("string",)


def test_all_fields_begin_with_the_one_that_is_most_like_a_label(tmp_path: Path) -> None:
    assert list(resolved(tmp_path, answers(), "*")[1]) == ["topic", "stars", "city", "note", "vip"]


def test_spellings_of_a_value_are_joined(tmp_path: Path) -> None:
    records, fields = resolved(tmp_path, answers(), "topic", "city")
    assert len(fields["city"].values) == 3
    assert records[0] == {"topic": "food", "city": records[2]["city"] if records[2] else ""}


def test_numbers_can_be_the_label(tmp_path: Path) -> None:
    records, fields = resolved(tmp_path, answers(), "stars", "topic")
    assert fields["stars"].values == (1, 2, 3, 4, 5)
    assert records[3] == {"stars": 4, "topic": "food"}


def test_missing_values_are_null(tmp_path: Path) -> None:
    rows = answers()
    for i, row in enumerate(rows):
        if i % 3 == 0:
            del row["city"]
        elif i % 3 == 1:
            row["note"] = None
    records, fields = resolved(tmp_path, rows, "topic", "city", "note")
    assert records[0] == {"topic": "food", "city": None, "note": "note 0"}
    assert (fields["city"].absent, fields["note"].absent) == (20, 20)
    assert fields["city"].values[-1] is None
    assert fields["note"].types == ("null", "string")
    assert fields["note"].json_schema == {"anyOf": [{"type": "null"}, {"type": "string"}]}


def test_the_session_can_say_the_kind(tmp_path: Path) -> None:
    _, fields = resolved(tmp_path, answers(), "topic", "city:text", "note:label")
    assert [(field.kind, field.forced) for field in fields.values()] == [
        ("label", False),
        ("text", True),
        ("label", True),
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("topic", "tags"), "Lists and objects cannot"),
        (("topic", "nix"), "no answer has a field 'nix'"),
        (("topik", "stars"), "Did you mean topic"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, fields: tuple[str, ...], said: str) -> None:
    rows = [{**row, "tags": ["a"]} for row in answers()]
    with pytest.raises(InputError) as error:
        resolved(tmp_path, rows, *fields)
    assert said in str(error.value)
    assert error.value.problems[0].field == "fields"


@pytest.mark.parametrize("fields", [("*",), ("mood.x", "lang")])
def test_the_label_is_a_field_of_the_object_itself(tmp_path: Path, fields: tuple[str, ...]) -> None:
    rows = [{"result": {"label": row["topic"]}, "mood.x": row["city"], "lang": "en"} for row in answers()]
    with pytest.raises(InputError, match="no field of the answers' objects themselves"):
        resolved(tmp_path, rows, *fields)


def test_what_holds_the_label_is_not_left_out(tmp_path: Path) -> None:
    rows = [
        (f"text {i * 7919} of {i}", json.dumps({"result": {"label": row["topic"]}, "stars": row["stars"]}))
        for i, row in enumerate(answers())
    ]
    _, inspected = inspect_in_memory(write_chat(tmp_path / "rows.jsonl", rows), None, Session())
    assert inspected.extraction.name == "json_key:result.label"
    assert [field.name for field in inspected.left_out_fields()] == ["stars"]


def test_answers_that_are_no_objects(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fewer than 90% of the answers are JSON objects"):
        resolved(tmp_path, [{"topic": name} for name in ("food", "room") * 9], "topic", "stars")


def test_a_row_without_an_object_is_named(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {
            "messages": [
                {"role": "user", "content": f"t {i} {i * 7919}"},
                {"role": "assistant", "content": json.dumps(row)},
            ]
        }
        for i, row in enumerate(answers())
    ]
    lines[6] |= {"ground_truth": "food"}
    lines[6]["messages"][-1]["content"] = "food"
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    asked = Session(fields=("topic", "stars"))
    frame, inspected = inspect_in_memory(path, None, asked)
    split, labels = resolve(frame, inspected, asked)
    with pytest.raises(InputError) as error:
        resolve_records(frame, split, labels.labels, inspected, asked)
    assert [(item.kind, item.line) for item in error.value.problems] == [("no-object", 7)]


def test_rows_that_are_left_out_have_no_record(tmp_path: Path) -> None:
    rows = answers()
    rows[4]["topic"] = "nobody knows"
    asked = {"labels": ("food", "room", "staff"), "bad_rows": "quarantine"}
    records, _ = resolved(tmp_path, rows, "topic", "stars", **asked)
    assert [i for i, record in enumerate(records) if record is None] == [4]


def test_the_column_is_text(tmp_path: Path) -> None:
    texts = [(f"text {i * 7919} of {i}", json.dumps(row)) for i, row in enumerate(answers())]
    asked = Session(fields=("topic", "note"))
    frame, inspected = inspect_in_memory(write_chat(tmp_path / "rows.jsonl", texts), None, asked)
    split, labels = resolve(frame, inspected, asked)
    column, _ = resolve_records(frame, split, labels.labels, inspected, asked)
    assert column.name == "record"
    assert column.dtype == pl.String
