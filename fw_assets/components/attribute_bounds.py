"""Bounds of attributes in the JSON schema of a component, by which `dg check yaml` and editors judge a `defs.yaml`.

They are those of the session. A string is a template, whose value nothing knows yet, or stands for a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from fw_assets.classification.session import Session

TEMPLATE = r"\{\{"
_NUMBER = rf"{TEMPLATE}|^\s*[-+]?[0-9._]+([eE][-+]?[0-9]+)?\s*$"
_TRUTH = rf"{TEMPLATE}|^([tT]rue|[fF]alse|[yY]es|[nN]o|[oO]n|[oO]ff|[01])$"
_KEPT = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems")
Extend = Callable[[dict[str, Any]], None]


def one_of(values: Sequence[str]) -> str:
    """The pattern of a string that is one of these words."""
    return rf"^({'|'.join(values)})$|{TEMPLATE}"


def attributes_of(model: type[BaseModel], **patterns: str) -> dict[str, Any]:
    """The schema of attributes below an attribute: which there are, and the patterns of some.

    In that of `model` itself they would be one of several schemas, and what is wrong would not be named.
    """
    properties = {name: {"pattern": patterns[name]} if name in patterns else {} for name in model.model_fields}
    return {"properties": properties, "additionalProperties": False}


def session_bounds(field: str) -> Extend:
    """What adds the bounds of a session field to the schema of its attribute."""
    return lambda schema: schema.update(_bounds(_session_schema()["properties"][field], _session_schema()["$defs"]))


@cache
def _session_schema() -> dict[str, Any]:
    return Session.model_json_schema()


def _bounds(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds of a schema without its types: each judges values of one type alone."""
    kept: dict[str, Any] = {}
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            option = definitions[option["$ref"].rsplit("/", 1)[-1]]
        kept |= {key: option[key] for key in _KEPT if key in option}
        if "enum" in option:
            kept["pattern"] = one_of(option["enum"])
        elif option.get("type") in ("integer", "number"):
            kept["pattern"] = _NUMBER
        elif option.get("type") == "boolean":
            kept["pattern"] = _TRUTH
        if "items" in option:
            kept["items"] = _bounds(option["items"], definitions)
        if "properties" in option:
            kept["properties"] = {name: _bounds(item, definitions) for name, item in option["properties"].items()}
            kept["additionalProperties"] = False
    return kept
