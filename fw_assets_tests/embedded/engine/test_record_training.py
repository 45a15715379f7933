"""Fine-tuning on objects of several fields."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.errors import DamagedModel, EngineError
from fw_assets.embedded.engine.record_model import RecordModel, is_record_model, load
from fw_assets.embedded.engine.record_training import RecordRow, object_rows, train_records
from fw_assets.embedded.engine.scorers import TunedScorer
from fw_assets.embedded.engine.training import TrainingRecord
from fw_assets.embedded.engine.training_run import Evaluation
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.tuned_model import load as load_labels
from fw_assets_tests.routing_rows import FIELDS, routing_record

Records = tuple[list[TrainingRecord], Callable[[TrainingRecord], None]]
SPEC = TrainingSpec("char-ngram", lora_rank=8, learning_rate=0.03, epochs=2, batch_size=16)


def rows(count: int, seed: int) -> list[RecordRow]:
    draw = random.Random(seed)
    made = [routing_record(draw) for _ in range(count)]
    return [
        RecordRow(text, {(name,): msgspec.json.encode(value).decode() for name, value in record.items()}, tokens=3)
        for text, record in made
    ]


def trained(out: Path, cache: Path, start: RecordModel | None = None, spec: TrainingSpec = SPEC) -> RecordModel:
    train_records(spec, rows(160, 1), rows(40, 2), out, cache, lambda record: None, {"spaced": True}, start)
    return load(out)


def test_every_field_is_learned_in_its_own_way(tmp_path: Path, cache: Path) -> None:
    model = trained(tmp_path / "model", cache)
    assert is_record_model(tmp_path / "model")
    assert [item.path for item in model.fields] == [(name,) for name in FIELDS]
    assert [item.model is not None for item in model.fields] == [True, True, True, True, False]
    order = model.fields[-1].rule
    assert order is not None
    assert order.find("see A-12345 please") == "A-12345"
    department = model.fields[0]
    assert department.model is not None
    assert department.values == {name: f'"{name}"' for name in ("billing", "delivery", "technical")}
    assert model.fields[2].values == {"false": "false", "true": "true"}
    test = rows(60, 3)
    scores = TunedScorer(department.model, cache).log_probabilities([row.text for row in test], None)
    labels = department.model.labels
    right = [f'"{labels[i]}"' == row.record["department",] for i, row in zip(scores.argmax(axis=1), test, strict=True)]
    assert sum(right) > 50


def test_the_metrics_are_of_all_fields_and_tokens_count_once(tmp_path: Path, cache: Path, records: Records) -> None:
    seen, record = records
    train_records(SPEC, rows(160, 1), rows(40, 2), tmp_path / "model", cache, record)
    assert sum(item.tokens for item in seen if not isinstance(item, Evaluation)) == 2 * 160 * 3
    evaluations = [item for item in seen if isinstance(item, Evaluation)]
    assert [item.epoch for item in evaluations] == [1.0, 2.0]
    assert seen[-1] is evaluations[-1]
    assert all(0 <= item.accuracy <= 1 for item in evaluations)


def test_lists_and_objects_are_learned_or_repeated(tmp_path: Path, cache: Path) -> None:
    draw = random.Random(4)
    learned = []
    for i in range(200):
        text, _ = routing_record(draw)
        said = [name for name in ("vip", "legal") if draw.random() < 0.5]
        record = {("tags",): json.dumps(said or None), ("a", "b"): json.dumps(["x"] if i % 4 else []), ("c",): f"[{i}]"}
        learned.append(RecordRow(" ".join([text, *said]), record))
    train_records(SPEC, learned, [], tmp_path / "model", cache, lambda record: None)
    tags, inner, free = load(tmp_path / "model").fields
    assert (tags.many, tags.constant, set(tags.values.values())) == (True, "null", {'"vip"', '"legal"'})
    assert (inner.path, inner.many, inner.model, inner.constant) == (("a", "b"), False, None, '["x"]')
    assert (free.model, free.constant) == (None, "")
    assert tags.model is not None
    (found,) = TunedScorer(tags.model, cache).predict_sets(["please vip soon"], None)
    assert found == ("vip",)


def test_models_of_the_first_version_are_read(tmp_path: Path, cache: Path) -> None:
    first = trained(tmp_path / "model", cache)
    path = tmp_path / "model" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    for item in manifest["fields"]:
        (item["name"],) = item.pop("path")
        del item["many"]
    path.write_text(json.dumps(manifest), "utf-8")
    assert [(item.path, item.many) for item in load(tmp_path / "model").fields] == [
        (item.path, False) for item in first.fields
    ]


def test_an_adapter_is_continued(tmp_path: Path, cache: Path) -> None:
    first = trained(tmp_path / "first", cache)
    again = trained(tmp_path / "again", cache, first)
    assert [item.path for item in again.fields] == [item.path for item in first.fields]
    with pytest.raises(EngineError, match="rank 8, not 4"):
        trained(tmp_path / "other", cache, first, replace(SPEC, lora_rank=4))


def test_fields_that_never_change_are_nothing_to_learn(tmp_path: Path, cache: Path) -> None:
    same = [RecordRow(f"text {i}", {("a",): '"x"', ("b",): "1"}) for i in range(9)]
    with pytest.raises(EngineError, match="nothing to learn"):
        train_records(SPEC, same, [], tmp_path / "model", cache, lambda record: None)


def test_a_folder_holds_one_kind_of_model(tmp_path: Path, cache: Path) -> None:
    trained(tmp_path / "model", cache)
    with pytest.raises(EngineError, match="format 2, expected 1"):
        load_labels(tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_text("{}")
    with pytest.raises(DamagedModel):
        load(tmp_path / "model")
    with pytest.raises(DamagedModel):
        is_record_model(tmp_path / "nothing")


def test_rows_for_models_that_write_have_a_closed_or_a_free_field_for_each_value() -> None:
    rows = [
        RecordRow(f"t{n}", {("a",): '"x"' if n % 2 else '"y"', ("b", "c"): f'"name {n}"', ("d",): "true"})
        for n in range(10)
    ]
    fields, training, evaluation = object_rows(rows, rows[:2])
    assert [(field.path, field.values, field.types) for field in fields] == [
        (("a",), ('"x"', '"y"'), ()),
        (("b", "c"), None, ("string",)),
        (("d",), ("true",), ()),
    ]
    assert training[1].values == ('"x"', '"name 1"', "true")
    assert len(evaluation) == 2


def test_lists_of_values_that_repeat_are_sets_for_models_that_write() -> None:
    lists = ['["b", "a", "b"]', '["a"]', "[]", '["c", "b"]', '["c"]', '["a", "c"]', "null", "[2]", "[2]"]
    rows = [RecordRow(f"t{n}", {("a",): "1", ("tags",): value}) for n, value in enumerate(lists)]
    fields, training, _ = object_rows(rows, ())
    assert fields[1] == FieldConstraint(("tags",), ('"a"', '"b"', '"c"', "2"), ("array", "null"), many=True, least="[]")
    assert [row.values[1] for row in training] == [
        '["a", "b"]',
        '["a"]',
        "[]",
        '["b", "c"]',
        '["c"]',
        '["a", "c"]',
        "null",
        "[2]",
        "[2]",
    ]


@pytest.mark.parametrize(
    ("values", "types", "least"),
    [
        ([f'["{n}"]' for n in range(6)], ("array",), "[]"),
        ([f'{{"k{n}": {n}}}' for n in range(6)], ("object",), "{}"),
        (["null", "null", '[{"a": 1}]', "[[2]]"], ("array", "null"), "null"),
        (['"x"', '["x"]', '["y"]'], ("array", "string"), "[]"),
    ],
    ids=["items that do not repeat", "other keys each time", "lists of lists and objects", "a text or a list"],
)
def test_other_lists_and_objects_are_free_for_models_that_write(
    values: list[str], types: tuple[str, ...], least: str
) -> None:
    rows = [RecordRow(f"t{n}", {("a",): "1", ("tags",): value}) for n, value in enumerate(values)]
    fields, training, _ = object_rows(rows, ())
    assert fields[1] == FieldConstraint(("tags",), types=types, least=least)
    assert [row.values[1] for row in training] == values


def test_a_list_that_every_row_has_is_one_value() -> None:
    rows = [RecordRow(f"t{n}", {("a",): str(n % 2), ("tags",): '["x"]'}) for n in range(4)]
    assert object_rows(rows, ())[0][1] == FieldConstraint(("tags",), ('["x"]',))
