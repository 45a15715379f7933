"""Parsing one line: legal rows of every form, and agreement with the errors that are found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.row_errors import find_errors
from fw_assets.classification.dataset.row_parser import GROUP_KEYS, Row, parse_row
from fw_assets_tests.classification.dataset.legal_rows import LEGAL, chat


@pytest.mark.parametrize("name", LEGAL)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_legal_row_is_read(name: str, ascii_only: bool) -> None:
    line = json.dumps(LEGAL[name], ensure_ascii=ascii_only).encode()
    row = parse_row(line)
    assert isinstance(row, Row)
    assert find_errors(line) == []
    assert json.loads(row.messages) == LEGAL[name]["messages"]


def test_digest_is_of_content_not_of_spelling() -> None:
    def digest(line: str) -> str:
        row = parse_row(line.encode())
        assert isinstance(row, Row)
        return row.digest

    one = '{"messages":[{"role":"user","content":"é"},{"role":"assistant","content":"a"}]}'
    parts = '{"content":[{"type":"text","text":"\\u00e9"}],"role":"user"}'
    same = f'{{"id":1,"messages" : [{parts}, {{"role":"assistant","content":"a"}}]}}'
    assert digest(one) == digest(same)
    assert digest(one) != digest(one.replace('"a"', '"b"'))
    assert digest(one) != digest(one.replace("é", "e"))


USER, ANSWER = {"role": "user", "content": "card lost"}, {"role": "assistant", "content": "lost_card"}


@pytest.mark.parametrize(
    ("row", "digest"),
    [
        ({"messages": [USER, ANSWER]}, "b169e7f8f13bc6e7"),
        ({"messages": [{"role": "system", "content": "route"}, USER, ANSWER]}, "259be9b8020ab8c1"),
        ({"messages": [USER], "ground_truth": ["a", "b"]}, "c6189ce6fbf06da6"),
        ({"messages": [USER, ANSWER], "ground_truth": "a"}, "80ab261843b5999b"),
        ({"messages": [USER, ANSWER, USER, ANSWER]}, "086eba657dd5e958"),
    ],
)
def test_the_digest_of_a_known_row_never_changes(row: dict[str, Any], digest: str) -> None:
    """Splits and stored predictions of earlier versions depend on it."""
    parsed = parse_row(json.dumps(row).encode())
    assert isinstance(parsed, Row)
    assert parsed.digest == digest


def group_key(**fields: Any) -> str | None:
    row = parse_row(json.dumps(chat(**fields)).encode())
    assert isinstance(row, Row)
    return row.group_key


@pytest.mark.parametrize("key", GROUP_KEYS)
def test_every_group_key_is_read(key: str) -> None:
    assert group_key(**{key: "g"}) == f"{key}=g"
    assert group_key(**{key: 7}) == f"{key}=7"


def test_the_first_group_key_with_a_usable_value_counts() -> None:
    assert group_key(user_id=1, group="g") == "group=g"
    assert group_key(group=None, group_id="", conversation_id=True, thread_id=[1], session_id=0) == "session_id=0"
    assert group_key(group={}) is None


@pytest.mark.parametrize(
    "line",
    [
        r'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","w\u0065ight":5}]}',
        r'{"messages":[{"r\u006fle":"User","content":"a"},{"role":"assistant","content":"b"}]}',
    ],
)
def test_keys_with_escapes_are_checked_too(line: str) -> None:
    assert not isinstance(parse_row(line.encode()), Row)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
message = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool", "User"]) | anything,
        "content": st.sampled_from(["hi", " ", ""])
        | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.sampled_from(["a", ""])}), max_size=2)
        | anything,
        "weight": st.sampled_from([0, 1, 0.5, True]),
        "name": st.sampled_from(["n", None, 3]),
        "tool_calls": st.sampled_from([[{"id": "1"}], [], None, {}]),
    },
)
some_row = st.fixed_dictionaries(
    {},
    optional={
        "messages": st.lists(message, max_size=5) | anything,
        "ground_truth": st.sampled_from(["a", "", ["a"], [], None, 3]),
        "weight": st.sampled_from([0, 1.5, -1, True, None, "x"]),
    },
)


@settings(deadline=None, max_examples=400)
@given(some_row)
def test_a_line_is_a_row_or_has_errors(row: dict[str, Any]) -> None:
    line = json.dumps(row).encode()
    parsed = parse_row(line)
    errors = find_errors(line)
    assert parsed == errors if errors else isinstance(parsed, Row)


well_formed = st.lists(
    st.tuples(
        st.sampled_from([["user"], ["system", "user"], ["user", "assistant", "user"]]),
        st.text(min_size=1, max_size=20).filter(str.strip),
        st.none() | st.text(min_size=1, max_size=5).filter(str.strip),
    ),
    min_size=3,
    max_size=6,
)


@settings(deadline=None, max_examples=100)
@given(well_formed)
def test_any_well_formed_row_is_read_unchanged(rows: list[tuple[list[str], str, str | None]]) -> None:
    for roles, text, truth in rows:
        messages = [{"role": role, "content": text} for role in [*roles, "assistant"]]
        line = json.dumps({"messages": messages, "ground_truth": truth}, ensure_ascii=False).encode()
        row = parse_row(line)
        assert isinstance(row, Row)
        assert json.loads(row.messages) == messages
        assert row.answer == text
        assert row.ground_truth == (None if truth is None else [truth])


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_explained(line: bytes) -> None:
    parsed = parse_row(line)
    assert isinstance(parsed, Row) or (parsed and all(error.message for error in parsed))


def _parsed(*messages: dict[str, Any]) -> Row:
    row = parse_row(json.dumps({"messages": list(messages)}).encode())
    assert isinstance(row, Row), row
    return row


def test_a_developer_turn_is_a_system_turn() -> None:
    row = _parsed({"role": "developer", "content": "route"}, USER, ANSWER)
    same = _parsed({"role": "system", "content": "route"}, USER, ANSWER)
    assert row == same


def _call(name: str, arguments: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"tool_calls": [_call("route", '{"intent": "billing"}')]}, {"function": "route", "intent": "billing"}),
        ({"tool_calls": [_call("route", {"intent": "billing"})]}, {"function": "route", "intent": "billing"}),
        ({"tool_calls": [_call("to_billing", "{}")]}, {"function": "to_billing"}),
        ({"tool_calls": [_call("to_billing", "")]}, {"function": "to_billing"}),
        ({"function_call": {"name": "set", "arguments": '{"label": "a"}'}}, {"function": "set", "label": "a"}),
        (
            {"tool_calls": [_call("tag", '{"label": "a"}'), _call("tag", '{"label": "b"}')]},
            {"function": ["tag"], "label": ["a", "b"]},
        ),
    ],
)
@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}])
def test_the_label_of_a_tool_call_is_an_answer_in_json(
    answer: dict[str, Any], text: dict[str, Any], content: dict[str, Any]
) -> None:
    row = _parsed(USER, {"role": "assistant", **content, **answer})
    assert json.loads(row.answer or "") == text
    assert json.loads(row.messages)[-1] == {"role": "assistant", "content": row.answer}


def test_an_answer_beside_a_tool_call_stays_the_answer() -> None:
    row = _parsed(USER, {"role": "assistant", "content": "billing", "tool_calls": [_call("note", "{}")]})
    assert row.answer == "billing"
