"""Label as a table or an object holds it, in text: numbers by their names; lists, and columns of flags, as several
labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from fw_assets.classification.dataset.json_errors import RowError, describe
from fw_assets.classification.formats.column_names import BOOKKEEPING, normal_name
from fw_assets.classification.formats.profiles import ColumnProfile, is_empty

_NUMBER = re.compile(r"([+-]?\d{1,18})(\.0+)?")
"""As tables write a number; with a point where other cells of the column are empty."""
NO_LABEL = -1
"""Number that Hugging Face's datasets gives a row without a label."""

ALL_FLAGS = "*"
MIN_FLAGS = 3
"""Columns of flags, from which on they are taken for labels where no other column may be the label."""
_FLAGS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}


class BadLabel(ValueError):
    """A value that is no label; the message says what was expected."""


def label_text(value: Any, names: Sequence[str] | None) -> str | list[str] | None:
    """The label or labels of a value, None where it is empty.

    Raises:
        BadLabel: it is none.
    """
    if is_empty(value):
        return None
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = value["choices"]
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | dict) or item is None for item in value):
            raise BadLabel(f"found {describe(value)} of {describe(value[0])}, expected labels (are these spans?)")
        return [text for item in value if isinstance(text := label_text(item, names), str)]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return _named(value, names)
    if isinstance(value, float):
        raise BadLabel(
            f"found {describe(value)}, expected a class; numbers with decimals cannot be told apart as labels"
        )
    if isinstance(value, dict):
        raise BadLabel(f"found {describe(value)}, expected a label as text, a number or a list of them")
    text = str(value)
    number = _NUMBER.fullmatch(text.strip()) if names else None
    return _named(int(number[1]), names) if number else text


def _named(number: int, names: Sequence[str] | None) -> str | None:
    if names is None:
        return str(number)
    if number == NO_LABEL:
        return None
    if not 0 <= number < len(names):
        raise BadLabel(f"found the number {number}, expected 0 to {len(names) - 1}, of which there are names")
    return names[number]


def label_error(column: str, error: BadLabel) -> RowError:
    return RowError("label", column, str(error))


def flag_columns(columns: Mapping[str, ColumnProfile]) -> tuple[str, ...]:
    """The columns that hold nothing but 0 and 1, or true and false."""
    return tuple(
        name
        for name, item in columns.items()
        if item.filled
        and item.distinct <= 2
        and all(example.casefold() in _FLAGS for example in item.examples)
        and normal_name(name) not in BOOKKEEPING
    )


def labels_of(record: Mapping[str, Any], flags: Sequence[str]) -> list[str] | RowError:
    """The labels whose flags a record has; a flag that is empty or missing is none."""
    labels = []
    for name in flags:
        value = record.get(name)
        known = False if is_empty(value) else _FLAGS.get(str(value).strip().casefold())
        if known is None:
            return label_error(name, BadLabel(f"found {describe(value)}, expected 0 or 1"))
        if known:
            labels.append(name)
    return labels


def flag_labels(table: pl.DataFrame, flags: Sequence[str]) -> tuple[pl.Series, dict[int, RowError]]:
    """The labels of each row of a table, and what is wrong with a flag by its position."""
    bad: dict[int, RowError] = {}
    shown = {name: table[name].cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("") for name in flags}
    for name, values in shown.items():
        for at in (~values.is_in([*_FLAGS, ""])).arg_true():
            bad.setdefault(at, label_error(name, BadLabel(f"found {table[name][at]!r}, expected 0 or 1")))
    true = [name for name, known in _FLAGS.items() if known]
    lists = pl.DataFrame(
        {f"{at}": values.is_in(true) for at, values in enumerate(shown.values())}, height=table.height
    ).select(
        pl.concat_list(pl.when(pl.col(f"{at}")).then(pl.lit(name)) for at, name in enumerate(flags)).list.drop_nulls()
    )
    return lists.to_series().alias("ground_truth"), bad
