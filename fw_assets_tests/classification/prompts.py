"""Prompts and label sets for tests, without a dataset behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt, make_prompt


def label_set(
    labels: Sequence[str], *, rule: str = "whole_message", key: str | None = None, multi_label: bool = False
) -> LabelSet:
    """A label set of which only what a prompt reads is filled in."""
    extraction = Extraction.model_validate({"rule": rule, "key": key, "coverage": 1.0, "ground_truth_rows": 0})
    fields: dict[str, Any] = {"labels": tuple(labels), "multi_label": multi_label, "extraction": extraction}
    return LabelSet.model_construct(**fields)


def split_rows(turns: Sequence[Sequence[tuple[str, str]]], labels: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Split rows from (role, content) turns."""
    return pl.DataFrame(
        {
            "id": [f"train:{line}" for line in range(1, len(turns) + 1)],
            "messages": [json.dumps([{"role": role, "content": content} for role, content in row]) for row in turns],
            "labels": [list(row) for row in labels],
            "group": list(range(len(turns))),
        },
        schema={"id": pl.String, "messages": pl.String, "labels": pl.List(pl.String), "group": pl.UInt32},
    )


def prompt_for(
    labels: Sequence[str], *, rule: str = "whole_message", key: str | None = None, multi_label: bool = False
) -> Prompt:
    """The prompt of a dataset whose messages do not name the labels."""
    rows = split_rows([[("user", "hello"), ("assistant", "?")]], [[labels[0]]])
    return make_prompt(rows, label_set(labels, rule=rule, key=key, multi_label=multi_label))
