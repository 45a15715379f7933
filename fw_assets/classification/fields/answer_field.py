"""Fields of the answers of a dataset, as they were found: what a plan shows before any of them is asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from fw_assets.classification.fields.records import Scalar, is_scalar, read_record, value_json, value_text
from fw_assets.classification.values import Frozen

FieldKind = Literal["label", "text", "other"]
"""`label`: one of a discrete set of values; `text`: free text or any number; `other`: lists and objects."""
FORCED_KINDS = tuple(kind for kind in get_args(FieldKind) if kind != "other")

MIN_SHARE = 0.9
"""Share of the answers that have to be objects of several fields, for the dataset to have fields."""
MIN_ROWS_SHARE = 0.02
"""A key that fewer of the rows have is an accident."""
MAX_VALUES = 5_000
MAX_VALUE = 100
"""Characters; a longer text is no value of a discrete set."""
FEW_VALUES = 20
MAX_UNSEEN = 0.05
"""The estimated probability (Good 1953: the share of values that occur once) that another row has a value that none of
these has, above which more than a few values are free text."""
MAX_EXAMPLES = 20
MAX_EXCERPT = 60


class AnswerField(Frozen):
    """A field of the answers.

    Attributes:
        values: number of distinct values, null not counted.
        most: the most frequent values with their rows, at most `MAX_EXAMPLES`, cut to `MAX_EXCERPT` characters.
        absent: rows in which it is missing or null.
    """

    name: str
    kind: FieldKind
    values: int
    most: tuple[tuple[str, int], ...]
    rows: int
    absent: int

    @property
    def summary(self) -> str:
        """Its kind and number of values in words."""
        if self.kind != "label":
            return "free text" if self.kind == "text" else "lists or objects"
        return f"always {self.most[0][0]}" if self.values == 1 else f"{self.values:,} values"


def find_fields(answers: Iterable[str]) -> tuple[AnswerField, ...]:
    """The fields of answers that are JSON objects, in the order in which they come; empty where fewer than 90 % of the
    answers are objects, or all together have one field only.
    """
    distinct = Counter(answers)
    records = [(record, times) for answer, times in distinct.items() if (record := read_record(answer))]
    rows = distinct.total()
    names = list(dict.fromkeys(name for record, _ in records for name in record))
    if len(names) < 2 or sum(times for _, times in records) < MIN_SHARE * rows:
        return ()
    shared = [name for name in names if sum(n for record, n in records if name in record) >= MIN_ROWS_SHARE * rows]
    return tuple(_field(name, records, rows) for name in shared) if len(shared) > 1 else ()


def value_counts(name: str, records: Iterable[tuple[Mapping[str, Any], int]]) -> Counter[str]:
    """The rows of each value of a field, as JSON; null and missing ones are `null`."""
    counts: Counter[str] = Counter()
    for record, times in records:
        counts[value_json(record.get(name))] += times
    return counts


def discrete(counts: Mapping[str, int]) -> bool:
    """Whether the values, as JSON with their rows, are those of a discrete set: they repeat, and are not open-ended."""
    present = {value: rows for value, rows in counts.items() if value != "null"}
    rows, once = sum(present.values()), sum(times == 1 for times in present.values())
    if not 0 < len(present) <= MAX_VALUES or any(len(value) > MAX_VALUE or "\\n" in value for value in present):
        return False
    return 2 * len(present) <= rows and (len(present) <= FEW_VALUES or once <= MAX_UNSEEN * rows)


def _field(name: str, records: Sequence[tuple[Mapping[str, Any], int]], rows: int) -> AnswerField:
    counts = value_counts(name, records)
    present = [(value, times) for value, times in counts.most_common() if value != "null"]
    scalar = all(is_scalar(record.get(name)) for record, _ in records)
    return AnswerField(
        name=name,
        kind="other" if not scalar else "label" if discrete(counts) else "text",
        values=len(present),
        most=tuple((_excerpt(value), times) for value, times in present[:MAX_EXAMPLES]),
        rows=rows,
        absent=rows - sum(times for _, times in present),
    )


def _excerpt(value: str) -> str:
    text = value_text(_scalar(value))
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1] + "…"


def _scalar(value: str) -> Scalar:
    decoded: Any = json.loads(value)
    return decoded if is_scalar(decoded) else value
