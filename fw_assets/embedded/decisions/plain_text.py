"""Text of JSON values: states, instructions and descriptions may be any of them, and the models read text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

import msgspec

from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.errors import invalid

_MAX_DEPTH = 32
_ROLES = ("system", "developer", "user", "assistant", "tool")


def plain_text(value: Any, field: str) -> str:
    """A text itself; of a conversation what its user said last; of other values one line per value with its key.

    An object with one value, such as `{"ticket": "..."}`, is that value.

    Raises:
        RpcError: INVALID_ARGUMENT when it is nested more than 32 levels deep.
    """
    if isinstance(value, str):
        return value
    messages = value.get("messages") if isinstance(value, dict) else value
    if _is_conversation(messages):
        return read_turns(messages)
    lines = list(_lines(value, field, 0))
    return lines[0][1] if len(lines) == 1 else "\n".join(f"{key}: {text}" if key else text for key, text in lines)


def _is_conversation(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and item.get("role") in _ROLES and "content" in item for item in value)


def _lines(value: Any, field: str, depth: int, key: str = "") -> Iterator[tuple[str, str]]:
    if depth > _MAX_DEPTH:
        raise invalid(f"{field}: nested more than {_MAX_DEPTH} levels deep", field)
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _lines(item, field, depth + 1, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item, field, depth + 1, key)
    elif value is not None:
        yield key, value if isinstance(value, str) else msgspec.json.encode(value).decode()
