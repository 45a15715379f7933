"""Objects of final answers as the values of their fields."""

from __future__ import annotations

import json

import pytest

from fw_assets.embedded.inference.taught_records import read_records


def test_values_by_path() -> None:
    targets = [{"a": "x", "b": {"c": [1], "d": {"e.f": None}}}, {"b": None, "a": 2.5}, {"a": True, "b": {"c": []}}]
    assert read_records([json.dumps(target) for target in targets]) == [
        {("a",): '"x"', ("b", "c"): "[1]", ("b", "d", "e.f"): "null"},
        {("a",): "2.5", ("b", "c"): "null", ("b", "d", "e.f"): "null"},
        {("a",): "true", ("b", "c"): "[]", ("b", "d", "e.f"): "null"},
    ]


def test_objects_of_ever_other_keys_are_values() -> None:
    records = read_records([json.dumps({"a": i, "by": {f"id-{i}": i}}) for i in range(5)])
    assert records is not None
    assert records[1] == {("a",): "1", ("by",): '{"id-1": 1}'}


@pytest.mark.parametrize(
    "targets",
    [
        ["billing"],
        ['{"label": "x"}'],
        ['{"labels": ["x", "y"]}'],
        ['{"result": {"label": "x"}}'],
        ['{"a": 1, "b": 2}', '{"a": 1}'],
        ['{"a": 1, "b": 2}', "x"],
        ['{"a": NaN, "b": 2}'],
        ['{"a": "\\ud800", "b": 2}'],
        ["[1, 2]"],
        [],
    ],
)
def test_what_is_no_record(targets: list[str]) -> None:
    assert read_records(targets) is None
