"""Dataset lines for tests: rows of every legal form, written to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_file(folder: Path, content: bytes, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def chat(text: str = "hi", label: str | None = "greeting", **rest: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    if label is not None:
        messages.append({"role": "assistant", "content": label})
    return {"messages": messages, **rest}


LEGAL: dict[str, dict[str, Any]] = {
    "plain": chat(),
    "system first": {"messages": [{"role": "system", "content": "s"}, *chat()["messages"]]},
    "parts": chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),  # type: ignore[arg-type]
    "many turns": {"messages": chat()["messages"] * 3},
    "tool turns": {
        "messages": [
            {"role": "user", "content": "what is it"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
            {"role": "tool", "content": "42", "tool_call_id": "1"},
            {"role": "tool", "content": "43", "tool_call_id": "2"},
            {"role": "assistant", "content": "number"},
        ]
    },
    "truth without answer": chat(label=None, ground_truth="greeting"),
    "truth as a list": chat(label=None, ground_truth=["a", "b"]),
    "truth empty list": chat(label=None, ground_truth=[]),
    "truth null": chat(ground_truth=None),
    "truth beside a call": {
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [{"id": "1"}]},
        ],
        "ground_truth": "a",
    },
    "name and weights": {
        "messages": [
            {"role": "user", "content": "x", "name": "Ann"},
            {"role": "assistant", "content": "a", "weight": 0},
            {"role": "user", "content": "y"},
            {"role": "assistant", "content": "b", "weight": 1.0},
        ]
    },
    "unknown fields": chat(id=7, metadata={"a": [1, {"b": None}]}, tools=[]),
    "U+2028 and emoji": chat("a\u2028b\u2029c 😀\x85"),
    "a word that looks like a key": chat('say "role": "content"'),
    "escaped NUL": chat("a\x00b"),
    "an empty earlier answer": {
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "y"},
            {"role": "assistant", "content": "b"},
        ]
    },
    "a huge integer beside": chat(id=10**30),
}
