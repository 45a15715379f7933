"""Value tally: what is seen of one field's values, and the kind of field that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from fw_assets.classification.fields.records import is_scalar, value_json
from fw_assets.classification.fields.value_shape import ValueShape, json_type

RecordKind = Literal["label", "text", "list", "json"]
"""`label`: one of a discrete set of values; `list`: a list of such values; `text`: free text or any number; `json`:
other lists and objects, kept as they are."""

MAX_VALUES = 5_000
MAX_VALUE = 100
"""Characters; a longer text is no value of a discrete set."""
FEW_VALUES = 20
MAX_UNSEEN = 0.05
"""The estimated probability (Good 1953: the share of values that occur once) that another row has a value that none of
these has, above which more than a few values are free text."""


class ValueTally:
    """Rows of the values of one field.

    Attributes:
        values: rows of each scalar as JSON, null and missing ones as `null`; None once they are too many for a label.
        items: the same for the items of lists.
        types: of scalars, the JSON types that they have.
        lists: rows with a list of scalars other than null; others: with any other list or an object.
        present, absent: rows that have the field; in which it is missing or null.
        longest: bytes of the longest value as JSON.
    """

    def __init__(self) -> None:
        self.values: Counter[str] | None = Counter()
        self.items: Counter[str] | None = Counter()
        self.types: set[str] = set()
        self.shape = ValueShape()
        self.lists = self.others = self.present = self.absent = self.longest = 0

    def add(self, present: bool, value: Any, rows: int = 1) -> None:
        written = value_json(value)
        self.present += rows * present
        self.absent += rows * (value is None)
        self.longest = max(self.longest, len(written.encode()))
        self.shape.add(value)
        if is_scalar(value):
            self.types.add(json_type(value))
            self.values = _counted(self.values, written, rows)
        elif isinstance(value, list) and all(is_scalar(item) and item is not None for item in value):
            self.lists += rows
            for item in value:
                self.items = _counted(self.items, value_json(item), rows)
        else:
            self.others += rows

    @property
    def scalar(self) -> bool:
        """Whether no value is a list or an object."""
        return not self.lists and not self.others

    @property
    def listed(self) -> bool:
        """Whether every value is a list of scalars, or null."""
        return self.lists > 0 and not self.others and self.types <= {"null"}

    @property
    def kind(self) -> RecordKind:
        """The kind that the values make by themselves."""
        if self.scalar:
            return "label" if self.values is not None and discrete(self.values) else "text"
        return "list" if self.listed and self.items is not None and discrete(self.items) else "json"


def discrete(counts: Mapping[str, int]) -> bool:
    """Whether the values, as JSON with their rows, are those of a discrete set: they repeat, and are not open-ended."""
    present = {value: rows for value, rows in counts.items() if value != "null"}
    rows, once = sum(present.values()), sum(times == 1 for times in present.values())
    if not 0 < len(present) <= MAX_VALUES or any(len(value) > MAX_VALUE or "\\n" in value for value in present):
        return False
    return 2 * len(present) <= rows and (len(present) <= FEW_VALUES or once <= MAX_UNSEEN * rows)


def _counted(counts: Counter[str] | None, written: str, rows: int) -> Counter[str] | None:
    if counts is None:
        return None
    counts[written] += rows
    return counts if len(counts) <= MAX_VALUES + 1 else None
