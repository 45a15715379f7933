"""Paths of fields: where in an answer's object a value is, since objects within it are fields of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]
"""Names from the answer's object inwards."""

MAX_DEPTH = 6
MAX_KEYS = 50
MIN_SHARED = 0.5
"""Share of the objects under a name that have each of its names, on average, for these to be fields; objects of other
names in every row (ids, words) are a map, which is one value."""


class LostValue(ValueError):
    """A value where an object was expected, whose fields are asked for."""

    def __init__(self, path: Path, value: Any) -> None:
        super().__init__(path_name(path))
        self.path, self.value = path, value


def path_name(path: Path) -> str:
    """What people call a field: `customer.tier`, with `\\.` for a point within a name of a path."""
    return path[0] if len(path) == 1 else ".".join(name.replace(".", "\\.") for name in path)


def leaf_paths(records: Sequence[tuple[Mapping[str, Any], int]], outer: Path = ()) -> Iterator[Path]:
    """The paths of the values in objects, given with their rows, in the order in which they come.

    Objects of the same names are followed inwards; others, and objects in lists, are values.
    """
    for name in dict.fromkeys(name for record, _ in records for name in record):
        inner = [(record[name], rows) for record, rows in records if record.get(name) is not None]
        if len(outer) + 1 < MAX_DEPTH and _have_names(inner):
            yield from leaf_paths(inner, (*outer, name))
        else:
            yield (*outer, name)


def _have_names(values: Sequence[tuple[Any, int]]) -> bool:
    if not values or not all(isinstance(value, Mapping) for value, _ in values):
        return False
    counts: Counter[str] = Counter()
    for value, rows in values:
        counts.update(dict.fromkeys(value, rows))
    total = sum(rows for _, rows in values)
    return 0 < len(counts) <= MAX_KEYS and "" not in counts and counts.total() >= MIN_SHARED * len(counts) * total


def value_at(record: Mapping[str, Any], path: Path) -> tuple[bool, Any]:
    """Whether the object has the path, and its value; a path through null or a missing name has none.

    Raises:
        LostValue: something else than an object is on the way.
    """
    value: Any = record
    for depth, name in enumerate(path):
        if value is None:
            return False, None
        if not isinstance(value, Mapping):
            raise LostValue(path[:depth], value)
        if name not in value:
            return False, None
        value = value[name]
    return True, value


def nested(values: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    """The object that has these values, names in the order in which they come."""
    record: dict[str, Any] = {}
    for path, value in values:
        inner = record
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return record


def other_names(record: Mapping[str, Any], paths: frozenset[Path], outer: Path = ()) -> Iterator[Path]:
    """The paths of an object's values that are none of the paths, nor within them or around them."""
    for name, value in record.items():
        path = (*outer, name)
        if path in paths:
            continue
        if isinstance(value, Mapping) and any(known[: len(path)] == path for known in paths):
            yield from other_names(value, paths, path)
        elif value is not None or not any(known[: len(path)] == path for known in paths):
            yield path
