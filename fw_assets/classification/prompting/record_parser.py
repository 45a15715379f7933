"""Record parser: from a completion to the value of every field, and to what each counts as."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import polars as pl

from fw_assets.classification.fields.paths import Path, nested, value_at
from fw_assets.classification.fields.record_field import RecordField, written_order
from fw_assets.classification.fields.records import Scalar, is_scalar, normal_form, value_json, value_text
from fw_assets.classification.prompting.normalize import NORMALISERS, strictness_for
from fw_assets.classification.prompting.outcomes import AnswerKind, Outcome
from fw_assets.classification.prompting.unwrap import after_reasoning, unwrap

FIELD_ANSWERS = pl.List(
    pl.Struct({"gold": pl.String, "predicted": pl.String, "outcome": pl.String, "lenient_outcome": pl.String})
)
"""The answers to the fields of a row, in the order of the prompt's fields; `gold` and `predicted` are values as JSON.

`predicted` is null where there is no valid value. `outcome` is strict: a label is one of its values, however it is
spelled; a list of them is right as a set; a text and any other JSON is right where it is equal. `lenient_outcome` also
takes texts as right that are equal in their normal form, and other JSON whose lists have another order."""

FieldAnswer = dict[str, str | None]
"""One entry of `FIELD_ANSWERS`."""
_LOST: tuple[Literal["failed", "truncated", "refused", "empty"], ...] = ("failed", "truncated", "refused", "empty")
"""Kinds of answers in which no field can be looked for."""
_MAX_NUMBER = 1e15
"""Larger numbers are compared as they are written."""


class RecordParser:
    """Parser of the answers to one prompt."""

    def __init__(self, fields: Sequence[RecordField]) -> None:
        closed = ("label", "list")
        self._fields = [(field, _ValueMatcher(field) if field.kind in closed else None) for field in fields]
        self._written = [field.name for field in written_order(fields)]

    def answers(self, kind: AnswerKind, text: str | None, record: str | None) -> list[FieldAnswer]:
        """The answers to the fields.

        A field that the answer's object lacks is `empty`, one that it has twice with different values `ambiguous`;
        without an object every field is `off_label`.

        Args:
            kind: of the whole answer.
            text: of the completion.
            record: the row's own, as JSON; None for a row that has none, whose values are then null.
        """
        gold = json.loads(record) if record else {}
        pairs = None if kind in _LOST else read_object(text or "")
        return [self._answer(field, matcher, gold, kind, pairs) for field, matcher in self._fields]

    def values(self, text: str) -> dict[str, Any]:
        """The object of the valid values that a text states."""
        found = {
            field.name: (field.keys, json.loads(answer["predicted"]))
            for (field, _), answer in zip(self._fields, self.answers("valid", text, None), strict=True)
            if answer["predicted"] is not None
        }
        return nested(found[name] for name in self._written if name in found)

    @staticmethod
    def _answer(
        field: RecordField,
        matcher: _ValueMatcher | None,
        gold: Any,
        kind: AnswerKind,
        pairs: Sequence[tuple[str, Any]] | None,
    ) -> FieldAnswer:
        own = value_at(gold, field.keys)[1]
        true = _set_json(own, matcher) if matcher and field.kind == "list" else value_json(own)
        if pairs is None:
            return _lost(true, kind if kind in _LOST else "off_label")
        values = {value_json(value): value for value in _values_at(pairs, field.keys)}
        if len(values) != 1:
            return _lost(true, "ambiguous" if values else "empty")
        (value,) = values.values()
        if field.kind == "list" and matcher:
            return _judged_list(own, value, true, matcher, field.nullable)
        if field.kind == "json":
            return _judged_json(own, value)
        if not is_scalar(value):
            return _lost(true, "off_label")
        if matcher is None:
            return _judged_text(own, value)
        given = matcher.find(value)
        if given is None:
            return _lost(true, "off_label")
        return _given(true, given, "correct" if given == true else "wrong_label")


class _ValueMatcher:
    """The values of a label by their spellings, as loosely as keeps every two apart."""

    def __init__(self, field: RecordField) -> None:
        self._exact = {value_json(value) for value in field.values}
        self._texts = {value_text(value): value_json(value) for value in field.values}
        self._normalise = NORMALISERS[strictness_for(tuple(self._texts))]
        self._normalised = {self._normalise(text): value for text, value in self._texts.items()}
        self._positions = {value_json(value): position for position, value in enumerate(field.values)}

    def in_order(self, values: Iterable[str]) -> list[str]:
        """The values as JSON in the order of the field's, each once."""
        return sorted(set(values), key=lambda value: (self._positions.get(value, len(self._positions)), value))

    def find(self, value: Scalar) -> str | None:
        """The value as JSON; None where it is not one of them."""
        written, text = value_json(value), value_text(value)
        if written in self._exact:
            return written
        return self._texts.get(text) or self._normalised.get(self._normalise(text))


def read_object(text: str) -> list[tuple[str, Any]] | None:
    """The entries of the JSON object that an answer is once its wrapping is removed, or else of the only one in it."""
    text = after_reasoning(text).strip()
    for form in unwrap(text):
        if form.startswith("{") and (pairs := _pairs(form)) is not None:
            return pairs
    begin, end = text.find("{"), text.rfind("}")
    return _pairs(text[begin : end + 1]) if 0 <= begin < end else None


def _values_at(pairs: Sequence[tuple[str, Any]], path: Path) -> Iterator[Any]:
    """The values at a path, one for each time that it is written; that of a name within null is null."""
    for name, value in pairs:
        if name != path[0]:
            continue
        if len(path) == 1:
            yield _plain(value)
        elif isinstance(value, _Pairs):
            yield from _values_at(value, path[1:])
        elif value is None:
            yield None


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(item) for name, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _judged_list(gold: Any, value: Any, true: str, matcher: _ValueMatcher, nullable: bool) -> FieldAnswer:
    """A list of labels, which is right as a set: in any order, an item once or twice; null is alike to no item."""
    if value is None and nullable:
        given = "null"
    elif isinstance(value, list) and all(is_scalar(item) for item in value):
        found = [matcher.find(item) for item in value]
        if None in found:
            return _lost(true, "off_label")
        given = _list_json(matcher.in_order(item for item in found if item is not None))
    else:
        return _lost(true, "off_label")
    alike = given == true or (given in _NOTHING and true in _NOTHING)
    return _given(true, given, "correct" if given == true else "wrong_label", "correct" if alike else "wrong_label")


def _set_json(value: Any, matcher: _ValueMatcher) -> str:
    if not isinstance(value, list):
        return value_json(value)
    return _list_json(matcher.in_order(matcher.find(item) or value_json(item) for item in value))


def _list_json(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


_NOTHING = ("null", "[]")


def _judged_json(gold: Any, value: Any) -> FieldAnswer:
    """Any JSON value: right where it is equal, lists in their order; alike in any order and spelling."""
    true, given = value_json(gold), value_json(value)
    if _sorted_json(value) == _sorted_json(gold):
        return _given(true, given, "correct")
    # As text, since true equals 1 in Python.
    alike = repr(_json_form(value)) == repr(_json_form(gold))
    return _given(true, given, "wrong_label", "correct" if alike else "wrong_label")


def _sorted_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _json_form(value: Any) -> Any:
    """The value without what spelling, the order of lists and names without a value say."""
    if isinstance(value, list):
        return sorted((_json_form(item) for item in value), key=repr) or None
    if isinstance(value, dict):
        forms = {name: _json_form(item) for name, item in value.items()}
        return {name: form for name, form in sorted(forms.items()) if form is not None} or None
    return _form(value)


def _judged_text(gold: Scalar, value: Scalar) -> FieldAnswer:
    true, given = value_json(gold), value_json(value)
    if given == true:
        return _given(true, given, "correct")
    return _given(true, given, "wrong_label", "correct" if _form(value) == _form(gold) else "wrong_label")


def _form(value: Scalar) -> str | float | None:
    """Texts in their normal form; numbers, also as texts, by their value; null and a text without letters alike."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value) if abs(value) < _MAX_NUMBER else value_json(value)
    form = normal_form(value)
    try:
        return float(form)
    except ValueError:
        return form or None


def _lost(gold: str, outcome: Outcome) -> FieldAnswer:
    return {"gold": gold, "predicted": None, "outcome": outcome, "lenient_outcome": outcome}


def _given(gold: str, predicted: str, outcome: Outcome, lenient: Outcome | None = None) -> FieldAnswer:
    return {"gold": gold, "predicted": predicted, "outcome": outcome, "lenient_outcome": lenient or outcome}


def _pairs(text: str) -> list[tuple[str, Any]] | None:
    try:
        value = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    return list(value) if isinstance(value, _Pairs) else None


class _Pairs(list[tuple[str, Any]]):
    """The entries of an object, repeated keys too."""
