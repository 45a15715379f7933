"""The form in which a model writes its labels, learned from the targets of its training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

_SPACED = re.compile(r'\{\s*"(?:[^"\\]|\\.)*": ')
"""The beginning of an object with a space after its first colon; labels may hold one as well."""


@dataclass(frozen=True)
class AnswerFormat:
    """Form of an answer; stored with a tuned model, so that the fields keep their names.

    Attributes:
        key: None when the label is the whole answer; else the only key of a JSON object that holds it.
        many: whether the value under the key is a list of labels.
        spaced: whether the object is written as `{"label": "x"}` rather than as `{"label":"x"}`.
    """

    key: str | None = None
    many: bool = False
    spaced: bool = True

    def write(self, label: str | Sequence[str]) -> tuple[str, str, str]:
        """The answer with a label or several, in three parts: the text before, the labels as written, the text after.

        Joined they are the answer.
        """
        if isinstance(label, str) and not self.many:
            if self.key is None:
                return "", label, ""
            before, written, after = '"', _quote(label)[1:-1], '"'
        else:
            labels = [label] if isinstance(label, str) else label
            comma = ", " if self.spaced else ","
            before, written, after = "[", comma.join(map(_quote, labels)), "]"
        if self.key is None:
            return before, written, after
        colon = ": " if self.spaced else ":"
        return f"{{{_quote(self.key)}{colon}{before}", written, f"{after}}}"

    def to_notes(self) -> dict[str, Any]:
        return asdict(self)


def read_targets(targets: Sequence[str]) -> tuple[AnswerFormat, list[tuple[str, ...]]]:
    """The format that all targets share, and the labels of each.

    JSON when every target is an object with the same single key whose value is a text or a list of texts; as soon as
    one value is a list, all count as lists.
    """
    items = [_single_item(target) for target in targets]
    keys = {item[0] for item in items if item is not None}
    if None in items or len(keys) != 1:
        return AnswerFormat(), [(target.strip(),) for target in targets]
    values = [item[1] for item in items if item is not None]
    many = any(isinstance(value, list) for value in values)
    spaced = any(_SPACED.match(target.strip()) for target in targets)
    labels = [tuple(dict.fromkeys(value)) if isinstance(value, list) else (value,) for value in values]
    return AnswerFormat(key=keys.pop(), many=many, spaced=spaced), labels


def _single_item(target: str) -> tuple[str, str | list[str]] | None:
    """The key and the value of a JSON object with one entry."""
    if not target.lstrip().startswith("{"):
        return None
    try:
        entries = msgspec.json.decode(target, type=dict[str, str | list[str]])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return next(iter(entries.items())) if len(entries) == 1 else None


def _quote(value: str | float | None) -> str:
    return msgspec.json.encode(value).decode()
