"""Fields of answers that are JSON objects: what each of them may be, and what a model that writes answers with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol, runtime_checkable

from fw_assets.embedded.engine.written_answers import Decoding

Path = tuple[str, ...]


@dataclass(frozen=True)
class FieldConstraint:
    """What one field may be.

    Attributes:
        path: its keys, from the object inwards.
        values: as JSON, of a list those of its items; None for a free text or number, or other JSON.
        types: of a free one, the JSON types that it may have; of a list, whether `null` is one, and of one that a model
            has learned, `array` where it may be empty.
        many: whether it is a list of the values.
        least: the smallest value that is allowed, as JSON, where none of the above can be chosen or written.
    """

    path: Path
    values: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()
    many: bool = False
    least: str = ""

    @property
    def is_writable(self) -> bool:
        """Whether a model that writes has a form for it: one value, and no list or object."""
        return not self.many and not self.least

    def is_taught(self, fields: Sequence[FieldConstraint]) -> bool:
        """Whether a model that was trained on `fields` writes it: one value, or a list or object as it has learned."""
        return self.is_writable or any(
            (field.path, field.many) == (self.path, self.many) and field.least for field in fields
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The values as models read them: texts without quotes, unless two would be called the same."""
        texts = tuple(plain(value) for value in self.values or ())
        return texts if len(set(texts)) == len(texts) and all(texts) else self.values or ()


@dataclass(frozen=True)
class FieldAnswer:
    """The value of one field as JSON, and the log probabilities of the values that it could have, its own included."""

    text: str
    log_probability: float
    scores: tuple[tuple[str, float], ...]


@runtime_checkable
class RecordWriter(Protocol):
    """A scorer that writes objects of several fields by itself."""

    @property
    def fields(self) -> tuple[FieldConstraint, ...]:
        """Those of its training; none of a base model."""

    def write_records(
        self, texts: Sequence[str], fields: Sequence[FieldConstraint], decodings: Sequence[Decoding], *, spaced: bool
    ) -> list[list[FieldAnswer]]:
        """The values of the fields in their order, for each text."""


def around_values(paths: Sequence[Path], *, spaced: bool) -> list[str]:
    """The text before each value of an object, and after the last."""
    colon, comma = (": ", ", ") if spaced else (":", ",")
    around, before = ["{"], Path()
    for index, path in enumerate(paths):
        same = takewhile(lambda names: names[0] == names[1], zip(before[:-1], path[:-1], strict=False))
        shared = sum(1 for _ in same)
        around[-1] += "}" * (len(before) - 1 - shared) + (comma if index else "")
        around[-1] += "{".join(f"{json.dumps(name, ensure_ascii=False)}{colon}" for name in path[shared:])
        around.append("")
        before = path
    around[-1] += "}" * len(before)
    return around


def items_of(value: str) -> list[str]:
    """The items of a list as JSON, each once; none of null."""
    return list(dict.fromkeys(json.dumps(item, ensure_ascii=False) for item in json.loads(value) or ()))


def list_of(items: Iterable[str]) -> str:
    """The list of items that are given as JSON."""
    return f"[{', '.join(items)}]"


def plain(value: str) -> str:
    """A value, given as JSON, as people read it."""
    decoded = json.loads(value)
    return decoded if isinstance(decoded, str) else value


def as_json(text: str, types: Sequence[str]) -> str:
    """A text as JSON of one of these types."""
    if "null" in types and text in ("", "null"):
        return "null"
    if "string" in types:
        return json.dumps(text, ensure_ascii=False)
    try:
        value: Any = float(text)
        whole = value.is_integer() and abs(value) < 2**53
    except (ValueError, OverflowError):
        return "null" if "null" in types else "0"
    if "number" not in types and not whole:
        return "null" if "null" in types else "0"
    return json.dumps(int(value) if whole else value)
