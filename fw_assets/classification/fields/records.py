"""Records: the JSON object of an answer, its values, and both as text."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from typing import Any

Scalar = bool | int | float | str | None
"""The value of one field of a record."""

_THINK_END = "</think>"


def read_record(answer: str | None) -> dict[str, Any] | None:
    """The JSON object in an answer: alone, fenced, or after other words; None where there is none.

    None too where it could not be written again: with NaN, a number beyond those of JSON's readers, or half of a
    surrogate pair.

    Raises:
        RepeatedName: a name is written twice in one object, with different values.
    """
    text = (answer or "").rpartition(_THINK_END)[2]
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        value = json.loads(
            text[begin : end + 1], parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_object
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RepeatedName:
        raise
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "" not in value else None


class RepeatedName(ValueError):
    """A name that an object has twice, with different values: one of them would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        for name, given in pairs:
            if value_json(given) != value_json(value[name]):
                raise RepeatedName(name)
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is beyond the numbers that can be written")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def is_scalar(value: object) -> bool:
    """Whether a field can have the value: a text, a number, true, false or null."""
    return value is None or isinstance(value, str | int | float)


def value_json(value: Any) -> str:
    """The value as JSON, which tells `"1"` from `1` and `true` from `1`."""
    return json.dumps(value, ensure_ascii=False)


def value_text(value: Any) -> str:
    """The value as people read it: a text without quotes, everything else as JSON."""
    return value if isinstance(value, str) else value_json(value)


def record_json(record: Mapping[str, Any]) -> str:
    """The answer that states a record, its fields in their order."""
    return json.dumps(record, ensure_ascii=False)


def normal_form(text: str) -> str:
    """The form in which free texts are compared where spelling does not count.

    NFKC, lower case, white space as one space, no quotes or full stops around it.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(" \"'`.,;:!?“”‘’")
