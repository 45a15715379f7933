"""The form in which a model writes its labels, learned from the targets of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True)
class AnswerFormat:
    """`key` None: the label is the whole answer. Otherwise an object with that one key, holding it.

    `many`: the value under the key is a list of labels.
    `spaced`: the object is written as `{"label": "x"}` rather than as `{"label":"x"}`.
    """

    key: str | None = None
    many: bool = False
    spaced: bool = True

    def around(self, label: str | Sequence[str]) -> tuple[str, str, str]:
        """(what stands before, the label or labels as written, what stands after)."""
        if isinstance(label, str) and not self.many:
            if self.key is None:
                return "", label, ""
            value = _quoted(label)
            before, written, after = '"', value[1:-1], '"'
        else:
            labels = [label] if isinstance(label, str) else label
            comma = ", " if self.spaced else ","
            before, written, after = "[", comma.join(map(_quoted, labels)), "]"
        if self.key is None:
            return before, written, after
        colon = ": " if self.spaced else ":"
        return f"{{{_quoted(self.key)}{colon}{before}", written, f"{after}}}"

    def to_notes(self) -> dict[str, Any]:
        return {"key": self.key, "many": self.many, "spaced": self.spaced}


def read_targets(targets: Sequence[str]) -> tuple[AnswerFormat, list[tuple[str, ...]]]:
    """The format that all targets share, and the labels of each.

    JSON when every target is an object with the same single key whose value is a text or a list of texts;
    as soon as one value is a list, all count as lists.
    """
    objects = [_single(target) for target in targets]
    keys = {found[0] for found in objects if found is not None}
    if None in objects or len(keys) != 1:
        return AnswerFormat(), [(target.strip(),) for target in targets]
    values = [found[1] for found in objects if found is not None]
    many = any(isinstance(value, list) for value in values)
    spaced = any('": ' in target for target in targets)
    labels = [tuple(dict.fromkeys(value)) if isinstance(value, list) else (value,) for value in values]
    return AnswerFormat(key=keys.pop(), many=many, spaced=spaced), labels


def _single(target: str) -> tuple[str, str | list[str]] | None:
    if not target.lstrip().startswith("{"):
        return None
    try:
        found = msgspec.json.decode(target, type=dict[str, str | list[str]])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return next(iter(found.items())) if len(found) == 1 else None


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
