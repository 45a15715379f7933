"""Objects of several fields, chosen field by field."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fw_assets.embedded.engine.record_model import load
from fw_assets.embedded.engine.record_training import RecordRow, train_records
from fw_assets.embedded.engine.scorers import TunedScorer, load_base
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.answer_constraint import read_constraint
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.choose import choose
from fw_assets.embedded.inference.choose_record import RecordScorer
from fw_assets.embedded.inference.model_cache import LoadedModel
from fw_assets_tests.routing_rows import routing_record

PROPERTIES = {
    "department": {"type": "string", "enum": ["billing", "delivery", "technical"]},
    "urgency": {"enum": ["low", "normal", "high"]},
    "refund": {"enum": [True, False]},
    "order": {"type": "string"},
}
TEXT = "billing invoice charged twice whenever refund A-12345"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def base(cache: Path) -> LoadedModel:
    return LoadedModel(load_base("char-ngram", cache), None)


@pytest.fixture(scope="module")
def tuned(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    draw = random.Random(1)
    rows = [
        RecordRow(text, {(name,): msgspec.json.encode(value).decode() for name, value in record.items()})
        for text, record in (routing_record(draw) for _ in range(300))
    ]
    out = tmp_path_factory.mktemp("models") / "tuned"
    spec = TrainingSpec("char-ngram", lora_rank=16, learning_rate=0.03, epochs=4)
    train_records(spec, rows, [], out, cache, lambda record: None)
    model = load(out)
    scorers = {item.path: TunedScorer(item.model, cache) for item in model.fields if item.model}
    scorer = load_base("char-ngram", cache)
    return LoadedModel(
        scorer, AnswerFormat(), RecordScorer({item.path: item for item in model.fields}, scorers, scorer)
    )


def response_format(properties: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}


def ask(model: LoadedModel, given_format: Any, text: str = TEXT, **fields: Any) -> list[str]:
    request = ChatRequest(model="m", messages=[{"role": "user", "content": text}], **fields)
    (choices,) = choose(model, read_constraint(json.dumps(given_format).encode()), [request])
    for choice in choices:
        assert len(choice.values) == len(choice.parts) // 2
        assert all(value.log_probability <= 1e-9 for value in choice.values)
    return ["".join(choice.parts) for choice in choices]


def test_a_base_model_chooses_by_the_names_of_the_values_and_cannot_write(base: LoadedModel) -> None:
    (answer,) = ask(base, response_format(PROPERTIES))
    record = json.loads(answer)
    assert list(record) == list(PROPERTIES)
    assert (record["department"], record["order"]) == ("billing", "")
    assert record["urgency"] in ("low", "normal", "high")
    assert record["refund"] in (True, False)


def test_a_tuned_model_answers_as_it_was_taught(tuned: LoadedModel) -> None:
    expected = {"department": "billing", "urgency": "low", "refund": True, "order": "A-12345"}
    assert json.loads(ask(tuned, response_format(PROPERTIES))[0]) == expected


def test_without_constraint_it_answers_with_the_whole_object(tuned: LoadedModel) -> None:
    for given_format in (None, {"type": "json_object"}):
        record = json.loads(ask(tuned, given_format)[0])
        assert list(record) == ["department", "urgency", "refund", "shift", "order"]
        assert record["order"] == "A-12345"


def test_one_field_by_itself(tuned: LoadedModel) -> None:
    assert ask(tuned, response_format({"urgency": PROPERTIES["urgency"]})) == ['{"urgency": "low"}']


def test_values_and_fields_that_were_not_taught(tuned: LoadedModel) -> None:
    more = {**PROPERTIES, "department": {"enum": ["sales", "billing"]}, "mood": {"enum": ["refund", "sunshine"]}}
    record = json.loads(ask(tuned, response_format(more))[0])
    assert (record["department"], record["mood"]) == ("billing", "refund")


def test_numbers_and_null_are_written_as_such(tuned: LoadedModel) -> None:
    fields = {
        "a": {"type": "number"},
        "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "c": {"type": ["integer", "null"]},
        "d": {"type": "boolean"},
    }
    record = json.loads(ask(tuned, response_format(fields))[0])
    assert (record["a"], record["b"], record["c"]) == (0, None, None)
    assert record["d"] in (True, False)


def test_temperature_draws_each_field_and_choice(tuned: LoadedModel) -> None:
    first, again = (ask(tuned, response_format(PROPERTIES), temperature=2.0, n=30, seed=4) for _ in range(2))
    assert first == again
    assert len(set(first)) > 2
    assert {json.loads(answer)["order"] for answer in first} == {"A-12345"}


@pytest.mark.parametrize(
    "property",
    [
        {"type": "array", "minItems": 2},
        {"type": "array", "items": {"anyOf": "text"}},
        {"type": "array", "items": {"anyOf": [3]}},
        {},
        {"enum": []},
        {"enum": [["a"]]},
        {"enum": 3},
        {"type": "object", "required": ["a"]},
    ],
)
def test_fields_that_no_model_can_fill_are_refused_by_name(property: Any) -> None:
    with pytest.raises(RpcError, match="the property 'x' is neither"):
        read_constraint(json.dumps(response_format({"a": {"enum": ["p", "q"]}, "x": property})).encode())


def test_objects_and_lists(base: LoadedModel, tuned: LoadedModel) -> None:
    nested = {
        "type": "object",
        "properties": {
            "department": PROPERTIES["department"],
            "deep": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"x": {"enum": [1, 2]}}}]},
        },
    }
    properties = {
        "route": nested,
        "tags": {"type": "array", "items": {"anyOf": [{"enum": ["refund", "moonlight"]}, {"enum": [3]}]}},
        "steps": {"type": "array", "items": {"type": "string"}},
        "one": {
            "type": "object",
            "required": ["n", "s"],
            "properties": {"n": {"type": ["integer", "null"]}, "s": {"enum": ["p"]}},
        },
        "maybe": {"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]},
        "urgency": PROPERTIES["urgency"],
    }
    for model in (base, tuned):
        record = json.loads(ask(model, response_format(properties))[0])
        assert list(record) == list(properties)
        assert list(record["route"]) == ["department", "deep"]
        assert record["route"]["deep"]["x"] in (1, 2)
        assert set(record["tags"]) <= {"refund", "moonlight", 3}
        assert (record["steps"], record["maybe"]) == ([], None)
        assert record["one"] == {"n": None, "s": "p"}


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("form", ["object", "anyOf", "types"])
def test_an_object_that_may_be_null_has_its_fields_however_that_is_said(
    base: LoadedModel, form: str, others: int
) -> None:
    inner: dict[str, Any] = {"type": "object", "properties": {"department": PROPERTIES["department"]}}
    if form == "anyOf":
        inner = {"anyOf": [inner, {"type": "null"}]}
    elif form == "types":
        inner["type"] = ["object", "null"]
    properties = {"route": inner} | ({"kind": {"enum": ["p"]}} if others else {})
    answer = json.loads(ask(base, response_format(properties))[0])
    assert answer == {"route": {"department": "billing"}} | ({"kind": "p"} if others else {})


def test_a_model_of_labels_is_asked_for_no_object(cache: Path, tmp_path: Path) -> None:
    from fw_assets.embedded.engine.scorers import load_tuned
    from fw_assets.embedded.engine.training import train
    from fw_assets.embedded.engine.training_spec import TrainingRow

    rows = [TrainingRow(f"{label} {i}", (label,)) for i in range(9) for label in ("billing", "sales")]
    train(TrainingSpec("char-ngram", lora_rank=2), rows, None, tmp_path, cache, False, lambda record: None)
    model = LoadedModel(load_tuned(tmp_path, cache), AnswerFormat())
    with pytest.raises(RpcError, match="trained to answer with labels"):
        ask(model, response_format(PROPERTIES))
