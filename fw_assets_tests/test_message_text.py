"""The text of a message is the same to the domain and to the embedded platform, which do not import each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.dataset.chat import content_text, input_text
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.message_text import content_text as platform_text
from fw_assets.fireworks._completion import parse_completion
from fw_assets.report.snippets.snippets import python_snippet

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=4)
PART = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["text", "image_url"]) | JSON, "text": JSON})


def text_parts(texts: list[str]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text} for text in texts]


@given(JSON | st.lists(PART | JSON, max_size=4))
def test_both_sides_of_the_wire_read_the_same_text(content: Any) -> None:
    completion = parse_completion({"choices": [{"message": {"content": content}}]}, latency=0.0)
    assert content_text(content) == platform_text(content) == (completion.text or "")


@given(TEXTS)
def test_cutting_a_text_into_parts_does_not_change_it(texts: list[str]) -> None:
    assert content_text(text_parts(texts)) == content_text("".join(texts)) == "".join(texts)


def test_parts_without_text_and_null_add_nothing() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    assert content_text([{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}]) == "ab"
    assert content_text([image]) == content_text(None) == content_text([]) == ""


@given(TEXTS.filter(lambda texts: bool("".join(texts).strip())))
def test_duplicates_baselines_and_the_engine_read_one_text(texts: list[str]) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": text_parts(texts)},
        {"role": "assistant", "content": "label"},
    ]
    row = parse_row(json.dumps({"messages": messages}).encode())
    assert isinstance(row, Row)
    assert row.text == input_text(row.messages) == read_turns(messages)


def test_a_file_of_parts_has_the_digests_of_the_same_file_without(tmp_path: Path) -> None:
    def rows(name: str, contents: list[Any]) -> list[tuple[Any, ...]]:
        path = tmp_path / name
        answer = {"role": "assistant", "content": "label"}
        lines = [{"messages": [{"role": "user", "content": content}, answer]} for content in contents]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return read_rows(path, source="train").frame.select("text", "digest").rows()

    texts = [["card ", "lost"], ["late", ""], ["\n", "x", "y"]]
    assert rows("parts.jsonl", [text_parts(parts) for parts in texts]) == rows(
        "plain.jsonl", ["".join(p) for p in texts]
    )


def test_the_snippet_sends_the_text_of_all_parts() -> None:
    body = {"messages": [{"role": "user", "content": text_parts(["card ", "lost"])}]}
    assert "card lost" in python_snippet(model="m", body=body, account="a")
