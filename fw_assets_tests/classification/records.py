"""Records for tests: fields, and predictions of them from true and given values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.fields.records import Scalar, record_json
from fw_assets.classification.prompting.answer_parser import predictions_frame
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt

TOPIC = RecordField(name="topic", kind="label", values=("food", "room", "staff"), longest=7)
STARS = RecordField(name="stars", kind="label", values=(1, 2, 3, None), longest=4)
NOTE = RecordField(name="note", kind="text", types=("string",), longest=20)
FIELDS = (TOPIC, STARS, NOTE)
PROMPT = Prompt(
    system=None,
    labels=TOPIC.texts,
    answers=None,
    mode="json_schema",
    json_key="topic",
    multi_label=False,
    max_tokens=64,
    rule="json_key",
    key="topic",
    fields=FIELDS,
)
Record = Mapping[str, Scalar]


def predictions(
    gold: Sequence[Record], texts: Sequence[str | None], groups: Sequence[int] | None = None
) -> pl.DataFrame:
    """The predictions of a model that answered with these texts; None for a row that failed."""
    ids = [f"eval:{number}" for number in range(1, len(gold) + 1)]
    rows = pl.DataFrame(
        {
            "id": ids,
            "labels": [[str(record["topic"])] for record in gold],
            "group": list(range(len(gold))) if groups is None else list(groups),
            "record": [record_json(record) for record in gold],
        },
        schema_overrides={"group": pl.UInt32},
    )
    completions = {
        row_id: Completion(error="no answer") if text is None else Completion(text=text, finish_reason="stop")
        for row_id, text in zip(ids, texts, strict=True)
    }
    return predictions_frame(PROMPT, rows, completions)


def record(topic: str, stars: Scalar = 1, note: str = "n") -> dict[str, Scalar]:
    return {"topic": topic, "stars": stars, "note": note}


def said(*records: Record) -> list[str | None]:
    """The answers that state records."""
    return [json.dumps(item) for item in records]
