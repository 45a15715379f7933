"""Schemas of values of any form."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.value_shape import ValueShape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def meets(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value meets a schema, by the rules of JSON Schema for the words that shapes use."""
    if "anyOf" in schema:
        return any(meets(value, option) for option in schema["anyOf"])
    types = {"null": type(None), "boolean": bool, "string": str, "integer": int, "number": float, "array": list}
    kind = types.get(schema.get("type", ""), dict)
    if schema and type(value) is not kind:
        return False
    if isinstance(value, list):
        return all(meets(item, schema.get("items", {})) for item in value)
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return value.keys() <= known.keys() and all(meets(item, known[name]) for name, item in value.items())
    return True


@given(st.lists(JSON, min_size=1, max_size=5))
def test_every_value_meets_the_schema_of_all(values: list[Any]) -> None:
    shape = ValueShape()
    for value in values:
        shape.add(value)
    for value in values:
        assert meets(value, shape.json_schema)


def test_what_only_some_objects_have_is_not_required() -> None:
    shape = ValueShape()
    for value in ([{"sku": "a", "n": 1}], [{"sku": "b"}], []):
        shape.add(value)
    assert shape.json_schema == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}},
            "required": ["sku"],
            "additionalProperties": False,
        },
    }


def test_a_map_may_have_any_name() -> None:
    shape = ValueShape()
    for i in range(60):
        shape.add({f"id-{i}": i})
    assert shape.json_schema == {"type": "object"}
