"""Attributes that are wrong, idle or taken: each refused with a sentence and its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import fw_assets
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import make_session
from fw_assets_tests.components.shop import load, write_project

HEAD = "type: fw_assets.ClassificationWorkflow\nattributes:\n  models: [char-ngram]\n"
GATE = "type: fw_assets.ApprovalGate\nattributes:\n  asset: raw/prices\n"


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, **instances: str) -> str:
    """The sentence with which a project is refused."""
    write_project(folder, downstream=False, **instances)
    with pytest.raises(Exception, match="Error while") as caught:
        load(folder, monkeypatch)
    error = caught.value.__cause__ or caught.value.__context__
    assert isinstance(error, InputError), f"{error!r}, with Dagster's traceback"
    (problem,) = error.problems
    return str(problem)


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        ("platform:\n    account: me\n    kind: firework", "6: platform.kind", "expected embedded or fireworks (found"),
        ("platform: firework", "4: platform.kind", "expected embedded or fireworks (found 'firework')"),
        ("automation:\n    phases: 'on'", "5: automation.phases", "expected running, stopped or absent (found 'on')"),
        ("automation: stopped", "4: automation", "expected sensors and schedules, such as phases: running"),
        ("mode: nonsense", "4: mode", "'fine-tune' or 'benchmark'"),
        ("epochs: many", "4: epochs", "valid integer"),
        ("owners: joe", "4: owners", "valid list"),
        ("regression_max_usd: -1", "4: regression_max_usd", "0 or more (found -1.0)"),
        ("gate:\n    alpha: 7", "5: gate.alpha", "less than or equal to 0.5"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_what_there_is(
    lines: str, place: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(tmp_path, monkeypatch, tickets=f"{HEAD}  {lines}\n")
    assert said.startswith(f"src/shop/defs/tickets/defs.yaml:{place}: ")
    assert message in said


@pytest.mark.parametrize(
    ("dataset", "field", "message"),
    [
        ("asset: t, text: []", "dataset.text", "is empty"),
        ("asset: t, label: ''", "dataset.label", "is empty"),
        ("asset: t, text: [a, '']", "dataset.text", "an empty entry"),
        ("asset: t, text: [a, b], template: '{a}: {c}'", "dataset.template", "names c, and dataset.text has a, b"),
        ("asset: t, text: [a, b], template: '{a}'", "dataset.text", "names b, which dataset.template leaves out"),
        ("asset: t, template: plain", "dataset.template", "names no column"),
        ("asset: t, text: [a, a]", "dataset.text", "'a' is that of dataset.text already"),
        ("asset: t, text: a, label: a", "dataset.label", "'a' is that of dataset.text already"),
        ("asset: t, template: '{a} {b}', label: b", "dataset.label", "'b' is that of dataset.text already"),
        ("asset: t, label: q, weight: q", "dataset.weight", "'q' is that of dataset.label already"),
        ("asset: t, group: g, id: g", "dataset.id", "'g' is that of dataset.group already"),
        ("asset: t, label_names: [one]", "dataset.label_names", "at least 2"),
        ("asset: tickets/report", "dataset.asset", "is made by this workflow"),
        ("asset: [tickets, dataset]", "dataset.asset", "is made by this workflow"),
        ("inbox: drop, text: a", "dataset.text", "text_column, label_column"),
        ("platform: 'tickets-*', io_manager: warehouse", "dataset.io_manager", "upstream asset"),
    ],
)
def test_an_idle_setting_of_the_source_is_refused(
    dataset: str, field: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(tmp_path, monkeypatch, tickets=f"{HEAD}  dataset: {{{dataset}}}\n")
    assert said.startswith(f"src/shop/defs/tickets/defs.yaml:4: {field}: ")
    assert message in said


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ("dataset: {asset: t, text: a}\n  text_column: b", "text_column"),
        ("dataset: {asset: t, group: a}\n  group_field: b", "group_field"),
        ("dataset: rows.csv\n  automation: {platform_datasets: running}", "automation.platform_datasets"),
        ("automation: {dataset: stopped}", "automation.dataset"),
    ],
)
def test_an_attribute_that_another_makes_idle_is_refused(
    lines: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f": {field}: " in refused(tmp_path, monkeypatch, tickets=f"{HEAD}  {lines}\n")


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        (f"{HEAD}  name: tickets\n", f"{HEAD}  name: tickets\n", "name"),
        (f"{HEAD}  key_prefix: shop\n", f"{HEAD}  key_prefix: [shop]\n", "key_prefix"),
        (f"{HEAD}  key_prefix: a/b\n", f"{HEAD}  key_prefix: a__b\n", "key_prefix"),
        (f"{HEAD}  key_prefix: a-b\n", f"{HEAD}  key_prefix: a_b\n", "key_prefix"),
        (f"{HEAD}  workspace: place\n", f"{HEAD}  workspace: ./place\n", "workspace"),
        (f"{HEAD}  workspace: place\n", f"{HEAD}  workspace: a/../place/\n", "workspace"),
        (f"{HEAD}  dataset: {{inbox: drop}}\n", f"{HEAD}  dataset: {{inbox: ./a/../drop/}}\n", "dataset.inbox"),
        (f"{HEAD}  dataset: {{inbox: s3://in}}\n", f"{HEAD}  dataset: {{inbox: s3://in/}}\n", "dataset.inbox"),
        (HEAD, f"{HEAD}  dataset:\n    inbox: workspace/one/inbox\n", "dataset.inbox"),
        (HEAD, f"{HEAD}  name: one\n", "name"),
        (GATE, f"{GATE}  group: others\n", "key"),
        (f"{GATE}  key: a-b\n", f"{GATE}  key: a_b\n", "key"),
    ],
)
def test_two_instances_with_something_in_common_are_refused_with_both_files(
    first: str, second: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(tmp_path, monkeypatch, one=first, two=second)
    assert all(f"src/shop/defs/{name}/defs.yaml" in said for name in ("one", "two"))
    assert f": {field}: " in said
    assert said.endswith(f"give one of them another {field}")


def test_the_place_in_both_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = f"{HEAD}  dataset:\n    inbox: drop\n", f"{HEAD}  dataset: {{inbox: drop}}\n"
    said = refused(tmp_path, monkeypatch, one=one, two=two)
    places = {"src/shop/defs/one/defs.yaml:5", "src/shop/defs/two/defs.yaml:4"}
    assert {place for place in places if place in said} == places


def test_an_inbox_that_one_of_two_does_not_watch_is_no_clash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = f"{HEAD}  dataset: {{inbox: drop}}\n"
    write_project(tmp_path, one=watched, two=f"{watched}  automation: {{inbox: absent}}\n")
    names = {sensor.name for sensor in load(tmp_path, monkeypatch).get_repository_def().sensor_defs}
    assert ("one_inbox" in names, "two_inbox" in names) == (True, False)


def test_two_instances_of_one_file_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path, both=f"{HEAD}  name: one\n---\n{HEAD}  name: two\n---\n{GATE}")
    assert load(tmp_path, monkeypatch).get_repository_def()


def schema(component: Any) -> Draft202012Validator:
    """The schema as `dg check yaml` has it."""
    return Draft202012Validator(component.get_model_cls().model_json_schema())


WORKFLOW = schema(fw_assets.ClassificationWorkflow)


@pytest.mark.parametrize(
    ("attributes", "at"),
    [
        ({"mode": "nonsense"}, ["mode"]),
        ({"finalists": 0}, ["finalists"]),
        ({"finalists": "many"}, ["finalists"]),
        ({"lora_ranks": [0]}, ["lora_ranks", 0]),
        ({"null_control": "perhaps"}, ["null_control"]),
        ({"regression_max_usd": -1}, ["regression_max_usd"]),
        ({"gate": {"alpha": 7}}, ["gate", "alpha"]),
        ({"platform": {"kind": "firework"}}, ["platform", "kind"]),
        ({"platform": "firework"}, ["platform"]),
        ({"automation": {"phases": "on"}}, ["automation", "phases"]),
        ({"automation": "stopped"}, ["automation"]),
    ],
)
def test_dg_check_yaml_refuses_it_at_its_place(attributes: dict[str, Any], at: list[str | int]) -> None:
    assert at in [list(error.absolute_path) for error in WORKFLOW.iter_errors(attributes)]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "seed": "{{ env.SEED }}",
            "mode": "{{ env.MODE }}",
            "null_control": "{{ env.FLAG }}",
            "platform": "{{ env.P }}",
        },
        {"finalists": "3", "train_fraction": " 0.7 ", "null_control": "true", "platform": {"kind": "{{ env.P }}"}},
        {"labels": ["a", "b"], "lora_ranks": [8], "gate": {"alpha": 0.01}, "automation": {"phases": "absent"}},
    ],
)
def test_dg_check_yaml_takes_templates_and_what_loads(attributes: dict[str, Any]) -> None:
    assert [error.message for error in WORKFLOW.iter_errors(attributes)] == []


BOUNDED = {
    name: schema
    for name, schema in Session.model_json_schema()["properties"].items()
    if {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & schema.keys()
}


@pytest.mark.parametrize("field", BOUNDED)
def test_dg_check_yaml_has_the_bounds_of_every_session_field(field: str) -> None:
    bounds = BOUNDED[field]
    low = bounds.get("minimum", bounds.get("exclusiveMinimum"))
    high = bounds.get("maximum", bounds.get("exclusiveMaximum"))
    outside = [math.ceil(low) - 1, math.floor(high) + 1]
    for value in [bounds["default"], *outside]:
        taken = not list(WORKFLOW.iter_errors({field: value}))
        try:
            make_session({field: value})
        except InputError:
            assert not taken
        else:
            assert taken
