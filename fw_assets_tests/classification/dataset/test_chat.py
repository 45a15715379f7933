"""Chat messages of a row: the turns that a table shows, and system messages joined."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets.classification.dataset.chat import input_text, input_turns, with_system


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ([("user", "a"), ("assistant", "x")], "a"),
        ([("user", "a"), ("assistant", "b"), ("user", "c"), ("user", "d"), ("assistant", "x")], "c\nd"),
        ([("system", "s"), ("user", "a")], "a"),
    ],
)
def test_tables_show_the_last_user_turns(turns: list[tuple[str, str]], text: str) -> None:
    assert input_text(json.dumps([{"role": role, "content": content} for role, content in turns])) == text


def test_a_final_answer_is_not_part_of_the_input() -> None:
    user, assistant = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    assert input_turns([user, assistant]) == input_turns([user]) == [user]
    assert input_turns([]) == []


@pytest.mark.parametrize(
    ("own", "joined"),
    [
        ("Be brief.\n", "Be brief.\n\nLabels: a, b"),
        ([{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}], "Be brief.\n\nLabels: a, b"),
        ("", "Labels: a, b"),
    ],
)
def test_a_system_message_follows_the_text_of_the_rows_own(own: Any, joined: str) -> None:
    turns = [{"role": "system", "content": own}, {"role": "user", "content": "x"}]
    assert with_system(turns, "Labels: a, b") == [{"role": "system", "content": joined}, turns[1]]
    assert with_system(turns, None) == turns
    assert with_system(turns[1:], "s") == [{"role": "system", "content": "s"}, turns[1]]
