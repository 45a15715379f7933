"""The prompt for an answer of several fields."""

from __future__ import annotations

import json

import polars as pl

from fw_assets.classification.prompting.prompt import make_prompt, request, training_example
from fw_assets.classification.values import digest
from fw_assets_tests.classification.prompts import label_set, prompt_for, split_rows
from fw_assets_tests.classification.records import FIELDS, TOPIC, record

LABELS = label_set(TOPIC.texts, rule="json_key", key="topic").model_copy(update={"fields": FIELDS})
RECORD = json.dumps(record("food", 2, "see A-17"))


def rows(system: str = "Read this.") -> pl.DataFrame:
    frame = split_rows([[("system", system), ("user", "good food"), ("assistant", RECORD)]], [["food"]])
    return frame.with_columns(record=pl.lit(RECORD))


def test_the_request_describes_and_constrains_every_field() -> None:
    prompt = make_prompt(rows(), LABELS)
    body = request(prompt, rows()["messages"][0])
    assert body["messages"][0]["content"].splitlines()[-3:] == [
        '- "topic": one of "food", "room", "staff"',
        '- "stars": one of 1, 2, 3, null',
        '- "note": a text',
    ]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {
        "topic": {"type": "string", "enum": ["food", "room", "staff"]},
        "stars": {"anyOf": [{"type": "integer", "enum": [1, 2, 3]}, {"type": "null"}]},
        "note": {"type": "string"},
    }
    assert schema["required"] == ["topic", "stars", "note"]
    assert prompt.max_tokens >= len(RECORD)
    assert "response_format" not in request(prompt.unconstrained(), rows()["messages"][0])


def test_training_keeps_the_whole_object() -> None:
    prompt = make_prompt(rows(), LABELS)
    example = training_example(prompt, rows()["messages"][0], ["food"], None, RECORD)
    assert example["messages"][-1] == {"role": "assistant", "content": RECORD}


def test_rows_that_describe_the_object_themselves_get_no_system_message() -> None:
    own = "topic: food, room or staff; stars: 1, 2, 3 or null; note"
    assert make_prompt(rows(own), LABELS).system is None
    assert make_prompt(rows(own.replace("staff", "people")), LABELS).system is not None


LATER = {"fields", "descriptions", "calibration", "stages", "thresholds", "shortlist"}
"""What prompts of earlier versions did not have."""


def test_a_prompt_without_fields_keeps_its_digest() -> None:
    prompt = prompt_for(["a", "b"])
    assert prompt.digest == digest(prompt.model_dump(mode="json", exclude=LATER))
    assert prompt.model_copy(update={"fields": FIELDS}).digest != prompt.digest
