"""Trail of answers: a log in the workspace with a line per answer, which nobody changes afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import BaseModel

from fw_assets.workspace.workspace import Workspace

FILE = "approvals.jsonl"
"""In the folder of what was answered."""
Cell = str | int | float | bool | None


def record_answer(store: Workspace, folder: str, answer: BaseModel) -> None:
    store.append_line(answer.model_dump_json(), folder, FILE)


def answers(store: Workspace, folder: str) -> Iterator[dict[str, Any]]:
    """Every answer; a damaged line is left out, as the trail decides nothing."""
    for line in store.lines(folder, FILE):
        with contextlib.suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=dict[str, Any])


def answer_rows(store: Workspace, folder: str, digest: str, *notes: str) -> list[dict[str, Cell]]:
    """Every answer for people, the newest first.

    Args:
        digest: the field with the digest of what was answered.
        notes: the fields that are shown in its note.
    """
    return [
        {
            "at": str(item.get("at", ""))[:19].replace("T", " "),
            "answer to": " ".join(str(item.get(key, "")) for key in ("decision", digest)),
            "by": item.get("approved_by"),
            "note": " ".join(str(item[key]) for key in notes if item.get(key) not in (None, "", "none")),
        }
        for item in reversed(list(answers(store, folder)))
    ]
