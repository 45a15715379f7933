"""What the body of a chat request says: the text to label, the options of an SDK, and the type of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.classification.dataset.chat import content_text

STRUCTURED = "structured_outputs"


def sdk_options(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the SDK is given beside model and messages."""
    options = {key: value for key, value in body.items() if key != "messages"}
    if STRUCTURED in options:  # no argument of the SDK
        options["extra_body"] = {STRUCTURED: options.pop(STRUCTURED)}
    return options


def split_messages(body: Mapping[str, Any]) -> tuple[list[Any], str]:
    """(messages before the text to label, the text)

    Raises:
        ValueError: the last message is not the user's.
    """
    messages = list(body["messages"])
    if not messages or messages[-1].get("role") != "user":
        raise ValueError("the last message of a request must be the user's")
    return messages[:-1], content_text(messages[-1]["content"])


def properties_of(body: Mapping[str, Any]) -> list[str]:
    """The keys of the object that the request asks for; none where it asks for a text."""
    schema = _schema(body)
    return list(schema.get("properties", {})) if schema else []


def answer_type(body: Mapping[str, Any]) -> str:
    """The annotation of what the program returns."""
    schema = _schema(body)
    kinds = [value.get("type") for value in schema.get("properties", {}).values()] if schema else []
    if len(kinds) > 1:
        return "dict[str, object]"
    return "list[str]" if kinds == ["array"] else "str"


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if isinstance(schema := (body.get(STRUCTURED) or {}).get("json"), Mapping):
        return schema
    response_format = body.get("response_format") or {}
    if response_format.get("type") != "json_schema":
        return None
    named = response_format.get("json_schema") or {}
    schema = named.get("schema", named)
    return schema if isinstance(schema, Mapping) else None
