"""Paths of fields in objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.paths import LostValue, leaf_paths, nested, other_names, path_name, value_at

OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(), min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers(), min_size=1, max_size=3),
    max_leaves=12,
)


@given(OBJECTS)
def test_an_object_is_made_again_from_its_values(record: dict[str, Any]) -> None:
    paths = list(leaf_paths([(record, 1)]))
    assert nested((path, value_at(record, path)[1]) for path in paths) == record
    assert list(other_names(record, frozenset(paths))) == []


def test_values_on_the_way_and_values_that_are_missing() -> None:
    record = {"a": {"b": 1}, "n": None, "s": "x"}
    assert value_at(record, ("a", "b")) == (True, 1)
    assert value_at(record, ("a", "c")) == (False, None)
    assert value_at(record, ("n", "b")) == (False, None)
    assert value_at(record, ("n",)) == (True, None)
    with pytest.raises(LostValue) as error:
        value_at(record, ("s", "b"))
    assert (error.value.path, error.value.value) == (("s",), "x")


def test_other_names_are_those_within_known_objects_too() -> None:
    record = {"a": {"b": 1, "c": 2}, "d": {"e": 3}, "f": None}
    assert list(other_names(record, frozenset({("a", "b")}))) == [("a", "c"), ("d",), ("f",)]


def test_objects_of_other_names_in_each_row_are_one_value() -> None:
    assert list(leaf_paths([({"by_id": {f"id-{i}": i}}, 1) for i in range(9)])) == [("by_id",)]


def test_names_with_points() -> None:
    assert (path_name(("a.b",)), path_name(("a", "b.c"))) == ("a.b", "a.b\\.c")
