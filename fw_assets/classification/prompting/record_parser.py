"""Record parser: from a completion to the value of every field, and to what each counts as."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import polars as pl

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.fields.records import Scalar, is_scalar, normal_form, value_json, value_text
from fw_assets.classification.prompting.normalize import NORMALISERS, strictness_for
from fw_assets.classification.prompting.outcomes import AnswerKind, Outcome
from fw_assets.classification.prompting.unwrap import after_reasoning, unwrap

FIELD_ANSWERS = pl.List(
    pl.Struct({"gold": pl.String, "predicted": pl.String, "outcome": pl.String, "lenient_outcome": pl.String})
)
"""The answers to the fields of a row, in the order of the prompt's fields; `gold` and `predicted` are values as JSON.

`predicted` is null where there is no valid value. `outcome` is strict: a label is one of its values, however it is
spelled; a text is right where it is equal. `lenient_outcome` also takes texts as right that are equal in their normal
form."""

FieldAnswer = dict[str, str | None]
"""One entry of `FIELD_ANSWERS`."""
_LOST: tuple[Literal["failed", "truncated", "refused", "empty"], ...] = ("failed", "truncated", "refused", "empty")
"""Kinds of answers in which no field can be looked for."""
_MAX_NUMBER = 1e15
"""Larger numbers are compared as they are written."""


class RecordParser:
    """Parser of the answers to one prompt."""

    def __init__(self, fields: Sequence[RecordField]) -> None:
        self._matchers = [(field.name, _ValueMatcher(field) if field.kind == "label" else None) for field in fields]

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
        return [self._answer(name, matcher, gold.get(name), kind, pairs) for name, matcher in self._matchers]

    def values(self, text: str) -> dict[str, Any]:
        """The valid values that a text states, by field."""
        found = zip(self._matchers, self.answers("valid", text, None), strict=True)
        return {name: json.loads(answer["predicted"]) for (name, _), answer in found if answer["predicted"] is not None}

    @staticmethod
    def _answer(
        name: str, matcher: _ValueMatcher | None, gold: Any, kind: AnswerKind, pairs: Sequence[tuple[str, Any]] | None
    ) -> FieldAnswer:
        true = value_json(gold)
        if pairs is None:
            return _lost(true, kind if kind in _LOST else "off_label")
        values = {value_json(value): value for key, value in pairs if key == name}
        if len(values) != 1:
            return _lost(true, "ambiguous" if values else "empty")
        (value,) = values.values()
        if not is_scalar(value):
            return _lost(true, "off_label")
        if matcher is None:
            return _judged_text(gold, value)
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
