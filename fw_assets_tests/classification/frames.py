"""Small inspected and split frames for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.inspection import inspect_dataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session

Pair = tuple[str, str | list[str]]
"""A text and its label, or its ground truth labels."""
LABELS = ("billing", "sales", "technical")


def pairs(count: int, labels: tuple[str, ...] = LABELS) -> list[Pair]:
    """Distinct texts, with the labels in turns."""
    words = ["card", "invoice", "order", "router", "refund", "speed", "login", "quote", "price", "error"]
    return [
        (f"{words[i % 10]} {i * 7919 % 10007} {words[i // 10 % 10]}", labels[i % len(labels)]) for i in range(count)
    ]


def chat_line(text: str, label: str | list[str], **rest: Any) -> str:
    messages = [{"role": "user", "content": text}]
    if isinstance(label, list):
        rest["ground_truth"] = label
    else:
        messages.append({"role": "assistant", "content": label})
    return json.dumps({"messages": messages, **rest}, ensure_ascii=False)


def write_chat(path: Path, rows: Sequence[Pair]) -> Path:
    path.write_text("".join(chat_line(text, label) + "\n" for text, label in rows), "utf-8")
    return path


def inspect_in_memory(train: Path, evaluation: Path | None, session: Session) -> tuple[pl.DataFrame, InspectedDataset]:
    """The rows of one dataset or two, those of the training dataset first, and the facts about them."""
    row_store = RowStore()
    facts = inspect_dataset(row_store, train, evaluation, session)
    return row_store.scan().collect(), facts


def inspected(
    folder: Path, rows: Sequence[Pair], evaluation: Sequence[Pair] | None = None, **session: Any
) -> tuple[pl.DataFrame, InspectedDataset, Session]:
    train = write_chat(folder / "train.jsonl", rows)
    test = None if evaluation is None else write_chat(folder / "eval.jsonl", evaluation)
    settings = Session(**session)
    return *inspect_in_memory(train, test, settings), settings


def resolved(
    folder: Path, rows: Sequence[Pair], evaluation: Sequence[Pair] | None = None, **session: Any
) -> tuple[pl.DataFrame, LabelSet]:
    return resolve(*inspected(folder, rows, evaluation, **session))
