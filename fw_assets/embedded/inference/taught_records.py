"""Taught records: the objects of a training's final answers, as the values of their fields.

An object within an object is no value: its own fields are. Lists are values, and so are objects of ever other
keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fw_assets.embedded.engine.answer_fields import Path

MAX_KEYS = 50
MAX_DEPTH = 6


def read_records(targets: Sequence[str]) -> list[dict[Path, str]] | None:
    """The records of targets that are all JSON objects of the same keys, with two values at least: these as JSON by
    path.

    A value that is missing, since an object around it is null or lacks it, is null. None where some target is anything
    else, or all have one value only.
    """
    objects: list[dict[str, Any]] = []
    for target in targets:
        value = _object(target)
        if value is None or (objects and value.keys() != objects[0].keys()):
            return None
        objects.append(value)
    paths = list(_paths(objects, ()))
    if len(paths) < 2:
        return None
    return [{path: _written(_value(item, path)) for path in paths} for item in objects]


def _object(target: str) -> dict[str, Any] | None:
    if not target.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(target, parse_constant=_no_constant)
        if "\\u" in target:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _paths(objects: Sequence[Mapping[str, Any]], outer: Path) -> Iterator[Path]:
    for name in dict.fromkeys(name for item in objects for name in item):
        inner = [item[name] for item in objects if item.get(name) is not None]
        if len(outer) + 1 < MAX_DEPTH and inner and all(isinstance(value, dict) for value in inner) and _alike(inner):
            yield from _paths(inner, (*outer, name))
        else:
            yield (*outer, name)


def _alike(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether objects have the same keys, most of them in each."""
    counts = Counter(name for item in objects for name in item)
    return 0 < len(counts) <= MAX_KEYS and 2 * counts.total() >= len(counts) * len(objects)


def _value(item: Mapping[str, Any], path: Path) -> Any:
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
