"""Shapes of rows that are not all alike."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.shapes import find_shape

CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "greeting"}]}


@pytest.mark.parametrize("odd", [{}, {"messages": 3}, {"messages": "hi"}, {"messages": []}, {"messages": None}])
def test_chat_rows_stay_chat_rows_beside_odd_ones(odd: dict[str, Any]) -> None:
    assert find_shape([CHAT, CHAT, odd], ReadingOptions(), {}, "rows.jsonl") is None


def test_chat_rows_in_the_body_of_a_request_are_read() -> None:
    records = [{"custom_id": str(n), "body": {"model": "m", **CHAT}} for n in range(3)]
    shape = find_shape(records, ReadingOptions(), {}, "rows.jsonl")
    assert shape is not None
    assert shape.read_as == "chat rows in `body`"
    assert shape.convert(records[0]) == CHAT
    assert shape.convert({"body": {**CHAT, "ground_truth": "a"}, "user_id": "7"}) == {
        **CHAT,
        "ground_truth": "a",
        "user_id": "7",
    }
    assert shape.convert({"body": None}) == {"messages": None}


def test_the_preferred_output_is_the_answer() -> None:
    asked, answered = CHAT["messages"][:1], CHAT["messages"][1:]
    record = {
        "input": {"messages": asked},
        "preferred_output": answered,
        "non_preferred_output": [{"role": "assistant"}],
    }
    shape = find_shape([record] * 3, ReadingOptions(), {}, "rows.jsonl")
    assert shape is not None
    assert shape.convert(record) == CHAT
    assert shape.convert({"input": {}, "preferred_output": answered}) == {"messages": answered}


def test_objects_with_chat_rows_in_two_fields_are_no_chat_rows() -> None:
    records = [{"a": CHAT, "b": CHAT, "text": f"text number {n} of a few", "label": "xy"[n % 2]} for n in range(6)]
    shape = find_shape(records, ReadingOptions(), {}, "rows.jsonl")
    assert shape is not None
    assert "`text`" in shape.read_as
