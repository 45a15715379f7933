"""Fields of the answers of a dataset, as they were found: what a plan shows before any of them is asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from fw_assets.classification.fields.paths import Path, leaf_paths, path_name, value_at
from fw_assets.classification.fields.records import RepeatedName, read_record, value_json, value_text
from fw_assets.classification.fields.value_tally import ValueTally
from fw_assets.classification.values import Frozen

FieldKind = Literal["label", "text", "list", "json", "other"]
"""`label`: one of a discrete set of values; `text`: free text or any number; `list`: a list of discrete values; `json`:
other lists and objects. `other`: both of these, in values of before they could be asked for."""

MIN_SHARE = 0.9
"""Share of the answers that have to be objects of several fields, for the dataset to have fields."""
MIN_ROWS_SHARE = 0.02
"""A key that fewer of the rows have is an accident."""
MAX_EXAMPLES = 20
MAX_EXCERPT = 60
_WORDS: Mapping[FieldKind, str] = {
    "text": "free text",
    "json": "lists or objects, kept as they are",
    "other": "lists or objects",
}


class AnswerField(Frozen):
    """A field of the answers.

    Attributes:
        name: as the session's `fields` give it.
        values: number of distinct values, null not counted; of a list those of its items.
        most: the most frequent values with their rows, at most `MAX_EXAMPLES`, cut to `MAX_EXCERPT` characters.
        absent: rows in which it is missing or null.
        path: names from the object inwards; empty where the name is all of it.
    """

    name: str
    kind: FieldKind
    values: int
    most: tuple[tuple[str, int], ...]
    rows: int
    absent: int
    path: Path = ()

    @property
    def keys(self) -> Path:
        """The path, whatever its length."""
        return self.path or (self.name,)

    @property
    def summary(self) -> str:
        """Its kind and number of values in words."""
        if self.kind in _WORDS:
            return _WORDS[self.kind]
        if self.kind == "list":
            return f"lists of {self.values:,} {'value' if self.values == 1 else 'values'}"
        return f"always {self.most[0][0]}" if self.values == 1 else f"{self.values:,} values"


def find_fields(answers: Iterable[str]) -> tuple[AnswerField, ...]:
    """The fields of answers that are JSON objects, in the order in which they come; empty where fewer than 90 % of the
    answers are objects, or all together have one field only. Objects within them are fields of their own.
    """
    distinct = Counter(answers)
    records = [(record, times) for answer, times in distinct.items() if (record := _record(answer))]
    rows = distinct.total()
    if sum(times for _, times in records) < MIN_SHARE * rows:
        return ()
    paths = list(leaf_paths(records))
    if len(paths) < 2:
        return ()
    has = {path: sum(times for record, times in records if value_at(record, path)[0]) for path in paths}
    shared = [path for path in paths if has[path] >= MIN_ROWS_SHARE * rows]
    names = _names(shared)
    return tuple(_field(names[path], path, records, rows) for path in shared) if len(shared) > 1 else ()


def fields_called(fields: Iterable[AnswerField], name: str) -> tuple[AnswerField, ...]:
    """The field of a name, or all those in the object of that name."""
    named = {field.name: field for field in fields}
    return (named[name],) if name in named else tuple(field for field in named.values() if name in _objects(field))


def _objects(field: AnswerField) -> list[str]:
    """The names of the objects that a field is in."""
    return [path_name(field.keys[:end]) for end in range(1, len(field.keys))]


def _record(answer: str) -> dict[str, Any] | None:
    try:
        return read_record(answer)
    except RepeatedName:
        return None


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """The names of the fields; a point in a name is escaped where it is no other field's path."""
    inner = {path_name(path) for path in paths if len(path) > 1}
    names = {path: path_name(path) for path in paths}
    return {
        path: name.replace(".", "\\.") if len(path) == 1 and name in inner else name for path, name in names.items()
    }


def _field(name: str, path: Path, records: Sequence[tuple[Mapping[str, Any], int]], rows: int) -> AnswerField:
    tally, counts = ValueTally(), Counter[str]()
    for record, times in records:
        present, value = value_at(record, path)
        tally.add(present, value, times)
        counts[value_json(value)] += times
    kind, present_rows = tally.kind, sum(times for value, times in counts.items() if value != "null")
    if kind == "list":
        counts = Counter(tally.items)
    shown = [(value, times) for value, times in counts.most_common() if value != "null"]
    called = Counter(value_text(json.loads(value)) for value, _ in shown[:MAX_EXAMPLES])
    return AnswerField(
        name=name,
        kind=kind,
        values=len(shown),
        most=tuple((_excerpt(value, called), times) for value, times in shown[:MAX_EXAMPLES]),
        rows=rows,
        absent=rows - present_rows,
        path=() if path == (name,) else path,
    )


def _excerpt(value: str, called: Mapping[str, int]) -> str:
    """The value as people read it; as JSON where another reads the same, as 3 and "3" do."""
    text = value_text(json.loads(value))
    text = value if called[text] > 1 else text
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"
