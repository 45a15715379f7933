"""Labels in answers that are JSON, or objects and lists as Python writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.labels.extraction_rules import find_labels
from fw_assets.classification.labels.json_rules import is_flat, json_answer


@pytest.mark.parametrize(
    ("answer", "key", "labels"),
    [
        ('{"result": {"label": "a", "score": 0.4}}', "result.label", ("a",)),
        ('{"x": {"y": {"z": {"label": "a"}}}}', "x.y.z.label", ("a",)),
        ('{"labels": [{"name": "a"}, {"name": "b"}]}', "labels[].name", ("a", "b")),
        ('{"a.b": "c"}', "a\\.b", ("c",)),
        ('{"label": null}', "label", ("null",)),
        ('{"score": 0.5}', "score", ("0.5",)),
        ("{'label': 'a'}", "label", ("a",)),
        ("Sure:\n```json\n{'r': {'label': 'a', 'why': None}}\n```", "r.label", ("a",)),
        ('{"label": 3}', "label", ("3",)),
        ('{"labels": ["a", "b"]}', "labels", ("a", "b")),
    ],
)
def test_the_value_under_a_key_is_the_label(answer: str, key: str, labels: tuple[str, ...]) -> None:
    assert find_labels(answer, "json_key", key) == labels


def test_a_number_with_a_fraction_beside_anything_else_is_a_score() -> None:
    assert find_labels('{"label": "a", "score": 0.5}', "json_key", "score") is None


@pytest.mark.parametrize(
    ("answer", "key", "labels"),
    [
        ('["a", "b"]', None, ("a", "b")),
        ("['a']", None, ("a",)),
        ("[]", None, ()),
        ('[{"label": "a", "score": 0.1}, {"label": "b", "score": 0.2}]', "label", ("a", "b")),
        ('```json\n["a"]\n```', None, ("a",)),
    ],
)
def test_the_items_of_a_list_are_labels(answer: str, key: str | None, labels: tuple[str, ...]) -> None:
    assert find_labels(answer, "json_list", key) == labels


@pytest.mark.parametrize(
    ("answer", "key", "labels"),
    [
        ('{"a": true, "b": false}', None, ("a",)),
        ('{"a": 1, "b": 1, "c": 0}', None, ("a", "b")),
        ('{"a": "yes", "b": "no"}', None, ("a",)),
        ("{'a': True, 'b': False}", None, ("a",)),
        ('{"id": 7, "labels": {"a": false, "b": false}}', "labels", ()),
        ("a: yes\nb: no\nc: 1", None, ("a", "c")),
    ],
)
def test_flags_name_the_labels_that_apply(answer: str, key: str | None, labels: tuple[str, ...]) -> None:
    assert find_labels(answer, "flags", key) == labels


@pytest.mark.parametrize("answer", ['{"label": 1, "urgent": 0}', '{"a": true}', '{"a": true, "why": "x"}', "a: yes"])
def test_other_objects_are_no_flags(answer: str) -> None:
    assert find_labels(answer, "flags", None) is None


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("label", {"label": "x"}),
        ("a.b", {"a": {"b": "x"}}),
        ("a\\.b", {"a.b": "x"}),
        ("labels[].name", {"labels": [{"name": "x"}]}),
    ],
)
def test_an_answer_is_written_as_it_was_read(key: str, answer: object) -> None:
    assert json.loads(json_answer(key, "x")) == answer
    assert is_flat(key) == (key == "label")


names = st.text(st.characters(categories=("L", "N"), include_characters=" _-."), min_size=1, max_size=8)


@settings(deadline=None, max_examples=200)
@given(st.lists(names, min_size=1, max_size=4), st.text(st.characters(categories=("Lu", "Ll")), min_size=1, max_size=9))
def test_a_path_of_any_names_is_found_again(path: list[str], label: str) -> None:
    value: object = label
    for name in reversed(path):
        value = {name: value}
    key = ".".join(name.replace(".", "\\.") for name in path)
    assert find_labels(json.dumps(value), "json_key", key) == (label,)
    assert json.loads(json_answer(key, label)) == value
