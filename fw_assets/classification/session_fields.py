"""Session fields as forms offer them: the options of the command line and the fields of Dagster's launchpads.

Both are made from this list, and this list from `Session`, so a field that is added there is offered everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fw_assets.classification.session import Session

Kind = type[str] | type[int] | type[float] | type[bool] | type[dict[str, Any]]


@dataclass(frozen=True)
class SessionField:
    """One field.

    Attributes:
        kind: the type of its value, or of each of its values; `dict` for a mapping, which forms take as YAML. A mapping
            that is repeatable may also be given as one text for each of its entries.
        choices: the values it may have; empty where any of its kind will do.
        repeatable: whether it has several values.
        bounds: of its value, or of each and of their number, as a phrase; empty where there are none.
        help: its meaning as plain text, with its bounds and its default.
    """

    name: str
    kind: Kind
    choices: tuple[str, ...]
    repeatable: bool
    bounds: str
    help: str


def session_field(name: str, info: FieldInfo) -> SessionField:
    """The form of a field.

    Raises:
        TypeError: no form is known for its type.
    """
    kind, bounds = _kind_and_bounds(info.annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _mapping_field(name, info, kind)
    if get_origin(kind) is dict:
        entry, _ = _kind_and_bounds(get_args(kind)[1])
        of_models = isinstance(entry, type) and issubclass(entry, BaseModel)
        if not of_models and entry is not str and get_origin(entry) is not dict:
            raise _no_form(name, info)
        return SessionField(name, dict, (), of_models, "", _meaning(info))
    repeatable = get_origin(kind) is tuple
    phrases = [_phrase(bounds + list(info.metadata), "values" if repeatable else _UNITS.get(kind, ""))]
    if repeatable:
        item, *rest = (item for item in get_args(kind) if item is not Ellipsis)
        if rest:
            raise _no_form(name, info)
        kind, bounds = _kind_and_bounds(item)
        each = _phrase(bounds, _UNITS.get(kind, ""))
        phrases.append(f"each {each}" if each else "")
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    kind = str if choices else kind
    if kind not in (str, int, float, bool):
        raise _no_form(name, info)
    limits = ", ".join(filter(None, phrases))
    text = _meaning(info)
    text += f" {limits[0].upper()}{limits[1:]}." if limits else ""
    text += "" if info.default in (None, ()) else f" Default: {_text(info.default)}."
    return SessionField(name, kind, choices, repeatable, limits, text)


def _meaning(info: FieldInfo) -> str:
    return " ".join((info.description or "").replace("`", "").split())


def _mapping_field(name: str, info: FieldInfo, kind: type[BaseModel]) -> SessionField:
    parts = [session_field(part, field) for part, field in kind.model_fields.items()]
    limits = "; ".join(f"{part.name}: {part.bounds or ' or '.join(part.choices)}" for part in parts)
    text = f"{_meaning(info)} {' '.join(f'{part.name}: {part.help}' for part in parts)}"
    return SessionField(name, dict, (), False, limits, text)


_UNITS = {str: "characters"}
"""What the length of a value counts."""


def _kind_and_bounds(annotation: Any) -> tuple[Any, list[object]]:
    """A type without None, and what `Annotated` says of it; of several types the first."""
    kinds = [annotation]
    if get_origin(annotation) in (Union, UnionType):
        kinds = [item for item in get_args(annotation) if item is not type(None)]
    kind, bounds = kinds[0], list[object]()
    if len(kinds) != 1:
        return None, bounds
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        bounds = [item for note in notes for item in (note.metadata if isinstance(note, FieldInfo) else [note])]
    return kind, bounds


def _phrase(bounds: Sequence[object], unit: str) -> str:
    """Bounds in words, e.g. `1 to 200 characters`, `above 0, at most 1`."""
    low, high = "", ""
    strict = any(isinstance(item, Gt | Lt) for item in bounds)
    for item in bounds:
        match item:
            case Ge(ge=value) | MinLen(min_length=value):
                low = f"{'at least ' if strict else ''}{_number(value)}"
            case Gt(gt=value):
                low = f"above {_number(value)}"
            case Le(le=value) | MaxLen(max_length=value):
                high = f"{'at most ' if strict else ''}{_number(value)}"
            case Lt(lt=value):
                high = f"below {_number(value)}"
    if low and high:
        text = f"{low}, {high}" if strict else f"{low} to {high}"
    else:
        text = (low or high) if strict or not (low or high) else f"at least {low}" if low else f"at most {high}"
    return f"{text} {unit}" if text and unit else text


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _no_form(name: str, info: FieldInfo) -> TypeError:
    return TypeError(f"no option and no launchpad field can be made of {name}: {info.annotation}")


def _text(default: object) -> str:
    return (
        str(default).lower()
        if isinstance(default, bool)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )


SESSION_FIELDS = tuple(session_field(name, info) for name, info in Session.model_fields.items())
