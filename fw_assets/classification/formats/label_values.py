"""Label as a table or an object holds it, in text: numbers by their names, lists as several labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fw_assets.classification.dataset.json_errors import RowError, describe
from fw_assets.classification.formats.profiles import is_empty

_NUMBER = re.compile(r"([+-]?\d{1,18})(\.0+)?")
"""As tables write a number; with a point where other cells of the column are empty."""
NO_LABEL = -1
"""Number that Hugging Face's datasets gives a row without a label."""


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
