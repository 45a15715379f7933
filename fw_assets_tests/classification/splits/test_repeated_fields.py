from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets.classification.splits.repeated_fields import RepeatedField, repeated_fields


def lines(rows: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps({"messages": [], **row}).encode() for row in rows]


@pytest.mark.parametrize(
    "name",
    [
        "conversationId",
        "ticket_id",
        "customer",
        "threadID",
        "Order No",
        "patient-number",
        "case_id",
        "dialogue_id",
        "docId",
    ],
)
def test_ids_that_rows_share_are_found(name: str) -> None:
    found = repeated_fields(lines([{name: f"c{i // 3}"} for i in range(60)]))
    assert found == (RepeatedField(name=name, rows=60, values=20),)


def test_ids_inside_an_object_are_found_with_their_path() -> None:
    (found,) = repeated_fields(lines([{"metadata": {"conversation_id": i // 2, "at": "now"}} for i in range(10)]))
    assert found == RepeatedField(name="metadata.conversation_id", rows=10, values=5)


def test_the_finest_comes_first() -> None:
    found = repeated_fields(lines([{"customer_id": i // 10, "ticket_id": i // 2} for i in range(100)]))
    assert [field.name for field in found] == ["ticket_id", "customer_id"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": i} for i in range(100)],
        [{"language": "de" if i % 2 else "nl", "paid": True, "width": 3, "valid": "yes"} for i in range(100)],
        [{"user_id": i // 4, "conversation_id": i // 4} for i in range(100)],
        [{"ticket_id": None} for _ in range(100)],
        [{"ticket_id": "all"} for _ in range(100)],
        [{"ticket_ids": [1, 2], "thread": {"a": {"b": 1}}} for _ in range(100)],
        [{"id": max(1, i)} for i in range(200)],
    ],
    ids=["unique", "no-ids", "used-already", "empty", "one-value", "nested", "a-slip"],
)
def test_other_fields_are_not(rows: list[dict[str, Any]]) -> None:
    assert repeated_fields(lines(rows)) == ()


def test_bad_lines_do_no_harm() -> None:
    assert repeated_fields([b"not json", b"[1]", b'{"ticket_id": '] * 3) == ()
