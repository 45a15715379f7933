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
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.objects.record_resolution import resolve_records
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
    found = resolve_records(frame, split, labels.labels, inspected, asked)
    records = [json.loads(text) if text else None for text in found.column]
    return records, {field.name: field for field in found.fields}


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
        (("topic", "nix"), "no answer has a field 'nix'"),
        (("topik", "stars"), "Did you mean topic"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, fields: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError) as error:
        resolved(tmp_path, answers(), *fields)
    assert said in str(error.value)
    assert error.value.problems[0].field == "fields"


def nested_answers() -> list[dict[str, Any]]:
    return [
        {
            "note": f"note {i}",
            "route": {"topic": row["topic"], "contact": {"stars": row["stars"], "köln.x": i % 2} if i % 6 else None},
            "tags": [["vip"], ["Legal", "vip"], ["legal", "vip"], [], None, ["legal"]][i % 6],
            "steps": [f"step {i}", {"n": i}],
        }
        for i, row in enumerate(answers())
    ]


def test_lists_and_objects_are_kept(tmp_path: Path) -> None:
    rows = nested_answers()
    records, fields = resolved(tmp_path, rows, "*")
    assert {name: field.kind for name, field in fields.items()} == {
        "route.topic": "label",
        "note": "text",
        "route.contact.stars": "label",
        "route.contact.köln\\.x": "label",
        "tags": "list",
        "steps": "json",
    }
    assert next(iter(fields)) == "route.topic"
    assert (fields["tags"].values, fields["tags"].nullable) == (("legal", "vip"), True)
    for row, record in zip(rows, records, strict=True):
        assert record is not None
        expected = json.loads(json.dumps(row).replace("Legal", "legal"))
        expected["route"]["contact"] = expected["route"]["contact"] or {"stars": None, "köln.x": None}
        assert json.dumps(record) == json.dumps(expected)


def test_an_object_stands_for_what_is_in_it(tmp_path: Path) -> None:
    records, fields = resolved(tmp_path, nested_answers(), "route", "tags:text")
    assert list(fields) == ["route.topic", "route.contact.stars", "route.contact.köln\\.x", "tags"]
    assert fields["tags"].kind == "json"
    assert records[1] == {"route": {"topic": "room", "contact": {"stars": 2, "köln.x": 1}}, "tags": ["Legal", "vip"]}


def test_the_label_can_be_a_list(tmp_path: Path) -> None:
    rows = [{**row, "tags": [["b"], ["b", "a"], []][i % 3]} for i, row in enumerate(answers())]
    records, fields = resolved(tmp_path, rows, "tags", "topic")
    assert (fields["tags"].kind, fields["tags"].values) == ("list", ("a", "b"))
    assert [record["tags"] for record in records[:3] if record] == [["b"], ["b", "a"], []]


def test_what_would_be_lost_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in answers()]
    lines[3] = lines[3].replace('"stars": 4', '"stars": 4, "stars": 5')
    path = write_chat(tmp_path / "rows.jsonl", [(f"text {i * 7919} of {i}", line) for i, line in enumerate(lines)])
    asked = Session(fields=("topic", "stars"))
    frame, inspected = inspect_in_memory(path, None, asked)
    split, labels = resolve(frame, inspected, asked)
    with pytest.raises(InputError, match="stars is written twice in the answer, with different values") as error:
        resolve_records(frame, split, labels.labels, inspected, asked)
    assert [(item.kind, item.line) for item in error.value.problems] == [("repeated-name", 4)]


def test_rare_fields_and_values_of_two_types_are_said(tmp_path: Path) -> None:
    rows = [{**row, "stars": str(row["stars"]) if i % 2 else row["stars"]} for i, row in enumerate(answers())]
    rows[5]["oops"] = {"deep": 1}
    texts = [(f"text {i * 7919} of {i}", json.dumps(row)) for i, row in enumerate(rows)]
    asked = Session(fields=("*",))
    frame, inspected = inspect_in_memory(write_chat(tmp_path / "rows.jsonl", texts), None, asked)
    split, labels = resolve(frame, inspected, asked)
    found = resolve_records(frame, split, labels.labels, inspected, asked)
    (rare, types) = [finding.message for finding in found.findings]
    assert "left out of training: oops (1 row)" in rare
    assert 'stars has 1 (6 rows) and "1" (6 rows)' in types
    assert all(finding.consequential for finding in found.findings)
    stars = next(field for field in found.fields if field.name == "stars")
    assert {type(value) for value in stars.values} == {int, str}
    assert json.loads(found.column[1])["stars"] == "2"


def test_all_fields_keep_the_order_of_the_answers(tmp_path: Path) -> None:
    rows = [{"note": row["note"], "stars": row["stars"], "topic": row["topic"]} for row in answers()]
    records, fields = resolved(tmp_path, rows, "*")
    assert next(iter(fields)) == "topic"
    assert all(list(record or ()) == ["note", "stars", "topic"] for record in records)


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
    column = resolve_records(frame, split, labels.labels, inspected, asked).column
    assert column.name == "record"
    assert column.dtype == pl.String
