from __future__ import annotations

from fw_assets.embedded.engine.turns import read_turns


def turn(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def test_the_last_user_turns_are_read_without_the_target() -> None:
    messages = [
        turn("system", "classify"),
        turn("user", "old"),
        turn("assistant", "noted"),
        turn("user", "first"),
        turn("user", "second"),
        turn("assistant", "label"),
    ]
    assert read_turns(messages) == "first\nsecond"


def test_content_parts_and_missing_content_are_read() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert read_turns([turn("user", parts)]) == "ab"
    assert read_turns([turn("user", None)]) == ""


def test_a_chat_without_user_turns_is_empty() -> None:
    assert read_turns([turn("system", "classify")]) == ""
    assert read_turns([]) == ""
