"""Session fields as forms offer them: the options of the command line and the fields of Dagster's launchpads.

Both are made from this list, and this list from `Session`, so a field that is added there is offered everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from fw_assets.classification.session import Session

Scalar = type[str] | type[int] | type[float] | type[bool]


@dataclass(frozen=True)
class SessionField:
    """One field.

    Attributes:
        kind: the type of its value, or of each of its values.
        choices: the values it may have; empty where any of its kind will do.
        repeatable: whether it has several values.
        help: its meaning as plain text, with its default.
    """

    name: str
    kind: Scalar
    choices: tuple[str, ...]
    repeatable: bool
    help: str


def session_field(name: str, info: FieldInfo) -> SessionField:
    """The form of a field.

    Raises:
        TypeError: no form is known for its type.
    """
    kinds = _without_none(info.annotation)
    repeatable = get_origin(kinds[0]) is tuple
    if repeatable:
        kinds = tuple(kind for kind in get_args(kinds[0]) if kind is not Ellipsis)
    choices = get_args(kinds[0]) if get_origin(kinds[0]) is Literal else ()
    kind: Any = str if choices else kinds[0]
    if len(kinds) != 1 or kind not in (str, int, float, bool):
        raise TypeError(f"no option and no launchpad field can be made of {name}: {info.annotation}")
    text = " ".join((info.description or "").replace("`", "").split())
    default = "" if info.default in (None, ()) else f" Default: {_text(info.default)}."
    return SessionField(name, kind, choices, repeatable, text + default)


def _without_none(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return tuple(item for item in get_args(annotation) if item is not type(None))
    return (annotation,)


def _text(default: object) -> str:
    return (
        str(default).lower()
        if isinstance(default, bool)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )


SESSION_FIELDS = tuple(session_field(name, info) for name, info in Session.model_fields.items())
