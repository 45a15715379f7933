"""Repeated fields: ids in the rows that several rows share, by which nobody has grouped them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from fw_assets.classification.dataset.row_fields import nested_values
from fw_assets.classification.dataset.row_parser import GROUP_KEYS
from fw_assets.classification.values import Frozen

MIN_SHARE = 0.02
"""Share of the rows that have to share their value with another: below it, ids are repeated by mistake."""
MAX_FIELDS = 5
_OWN = {"messages", "ground_truth", "weight", *GROUP_KEYS}
_THING = (
    "account|author|call|case|chat|client|conversation|customer|device|dialog|dialogue|doc|document|email|family|incident|"
    "member|order|parent|patient|person|post|session|source|speaker|student|thread|ticket|url|user|visitor"
)
_ID = re.compile(rf"(^|[._\- ])((uu|gu)?id|key|hash|(?:{_THING})([._\- ]?(id|key|no|nr|number|hash|uuid|name))?)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class RepeatedField(Frozen):
    """A field of the rows that looks like an id and repeats.

    Attributes:
        rows: of the sample, those that have a value.
        values: different ones.
    """

    name: str
    rows: int
    values: int


def repeated_fields(lines: Iterable[bytes]) -> tuple[RepeatedField, ...]:
    """The fields of a sample of rows that look like ids of something that has several rows, the finest first.

    Args:
        lines: rows, good or bad.
    """
    counts: dict[str, Counter[bytes]] = {}
    for line in lines:
        for name, value in nested_values(line):
            if name.split(".", 1)[0] not in _OWN and _is_id(name):
                counts.setdefault(name, Counter())[value] += 1
    found = [
        RepeatedField(name=name, rows=of.total(), values=len(of))
        for name, of in counts.items()
        if len(of) > 1 and sum(n for n in of.values() if n > 1) >= max(2, MIN_SHARE * of.total())
    ]
    return tuple(sorted(found, key=lambda field: -field.values)[:MAX_FIELDS])


def _is_id(name: str) -> bool:
    return _ID.search(_CAMEL.sub("_", name).lower()) is not None
