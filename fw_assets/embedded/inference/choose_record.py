"""Choosing records: from a model and the constraints of several fields to the choices of a completion."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.answer_fields import (
    FieldAnswer,
    FieldConstraint,
    Path,
    RecordWriter,
    around_values,
    as_json,
    plain,
)
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.record_model import LearnedField
from fw_assets.embedded.engine.scorers import Scorer
from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.engine.written_answers import Decoding
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.chat_request import MAX_ALTERNATIVES, ChatRequest
from fw_assets.embedded.inference.choice import Choice, ChosenValue
from fw_assets.embedded.inference.record_constraint import allows


@dataclass(frozen=True)
class RecordScorer:
    """A model of records, ready to answer.

    Attributes:
        fields: what was learned of each, by path; none of a base model.
        scorers: of the fields that have a model.
        base: for fields that were not learned.
        read: from a request's messages to the text that the scorers take.
    """

    fields: Mapping[Path, LearnedField]
    scorers: Mapping[Path, Scorer]
    base: Scorer
    read: Callable[[Sequence[Mapping[str, Any]]], str] = read_turns

    @property
    def taught(self) -> tuple[FieldConstraint, ...]:
        """The fields as the training had them, for requests that constrain nothing."""
        return tuple(_taught(item) for item in self.fields.values())


def choose_records(
    model: RecordScorer, fields: Sequence[FieldConstraint], requests: Sequence[ChatRequest], spaced: bool = True
) -> list[list[Choice]]:
    """The choices for requests that share their fields: `n` for each request.

    Without temperature the most probable value of each field; with it, one drawn from the tempered probabilities by
    `seed`. A free text is the same at every temperature; a base model, which chooses and cannot write, leaves it empty.

    Raises:
        RpcError: INVALID_ARGUMENT when a field cannot be chosen.
    """
    texts = [model.read(request.messages) for request in requests]
    generators = [random.Random(request.seed) for request in requests]
    chosen: list[list[list[tuple[str, ChosenValue]]]] = [[[] for _ in range(request.n or 1)] for request in requests]
    for constraint in fields:
        if constraint.values is None:
            for text, choices in zip(texts, chosen, strict=True):
                value = _free(model.fields.get(constraint.path), constraint, text)
                for choice in choices:
                    choice.append(value)
            continue
        try:
            scores, label_sets = (_set_scores if constraint.many else _scores)(model, constraint, texts)
        except EngineError as error:
            name = ".".join(constraint.path)
            raise invalid(f"response_format: {name}: {error}", "response_format") from None
        if constraint.many:
            for row, columns, choices in zip(scores, label_sets, chosen, strict=True):
                for choice in choices:
                    choice.append(_list(model, constraint, row, columns))
            continue
        for row, request, generator, choices in zip(scores, requests, generators, chosen, strict=True):
            for choice in choices:
                column = _draw(row, request.temperature, generator)
                choice.append(_value(constraint.values, row, column))
    paths = [constraint.path for constraint in fields]
    return [[_choice(paths, values, spaced) for values in choices] for choices in chosen]


def write_records(
    writer: RecordWriter,
    read: Callable[[Sequence[Mapping[str, Any]]], str],
    fields: Sequence[FieldConstraint],
    requests: Sequence[ChatRequest],
    spaced: bool,
) -> list[list[Choice]]:
    """As `choose_records`, by a model that writes: each value follows those before it, and free texts are written.

    Raises:
        RpcError: INVALID_ARGUMENT when a field cannot be chosen.
    """
    texts, decodings = [], []
    for request in requests:
        for index in range(request.n or 1):
            texts.append(read(request.messages))
            seed = None if request.seed is None else request.seed + index
            decodings.append(Decoding(temperature=request.temperature or 0.0, seed=seed))
    try:
        records = iter(writer.write_records(texts, fields, decodings, spaced=spaced))
    except EngineError as error:
        raise invalid(f"response_format: {error}", "response_format") from None
    paths = [constraint.path for constraint in fields]
    return [
        [_choice(paths, [_field_value(answer) for answer in next(records)], spaced) for _ in range(request.n or 1)]
        for request in requests
    ]


def _field_value(answer: FieldAnswer) -> tuple[str, ChosenValue]:
    best = sorted(answer.scores, key=lambda score: -score[1])[:MAX_ALTERNATIVES]
    return answer.text, ChosenValue(answer.log_probability, tuple(best))


_Scores = tuple[NDArray[np.float64], Sequence[Sequence[int]]]
"""Log probabilities, (texts, values), and of lists the columns of the values that apply to each text."""


def _set_scores(model: RecordScorer, constraint: FieldConstraint, texts: Sequence[str]) -> _Scores:
    learned, scorer = model.fields.get(constraint.path), model.scorers.get(constraint.path)
    names: Sequence[str] = constraint.names
    if learned is None or scorer is None or not learned.many:
        scorer = model.base
    else:
        labels = {value: label for label, value in learned.values.items()}
        names = [labels.get(value, value) for value in constraint.values or ()]
    index = {name: column for column, name in enumerate(names)}
    sets = [[index[name] for name in found] for found in scorer.predict_sets(texts, names)]
    return scorer.log_probabilities(texts, names), sets


def _scores(model: RecordScorer, constraint: FieldConstraint, texts: Sequence[str]) -> _Scores:
    learned, values = model.fields.get(constraint.path), constraint.values or ()
    scorer = model.scorers.get(constraint.path)
    if learned is None or scorer is None or learned.many:
        scores = model.base.log_probabilities(texts, constraint.names)
        if learned is not None and learned.rule is None and learned.constant in values:
            scores[:, values.index(learned.constant)] += _SURE
    else:
        labels = {value: label for label, value in learned.values.items()}
        scores = scorer.log_probabilities(texts, [labels.get(value, value) for value in values])
    return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True), np.float64), ()


def _list(
    model: RecordScorer, constraint: FieldConstraint, scores: NDArray[np.float64], columns: Sequence[int]
) -> tuple[str, ChosenValue]:
    """A list of the values that apply, in the constraint's order."""
    values, learned = constraint.values or (), model.fields.get(constraint.path)
    written = f"[{', '.join(values[i] for i in sorted(columns))}]"
    if not columns and learned is not None and learned.constant == "null" and "null" in constraint.types:
        written = "null"
    best = np.argsort(-scores, kind="stable")[:MAX_ALTERNATIVES]
    alternatives = tuple((values[i], float(scores[i])) for i in best)
    return written, ChosenValue(float(sum(scores[i] for i in columns)), alternatives)


_SURE = 20.0
"""Log odds of a value that was the only one in training."""


def _free(learned: LearnedField | None, constraint: FieldConstraint, text: str) -> tuple[str, ChosenValue]:
    """A free text or number as JSON, and its value; of other JSON, which is not written, what was taught or nothing."""
    if constraint.least:
        untrained = learned is not None and learned.model is None and learned.rule is None
        constant = learned.constant if learned is not None and untrained else ""
        written = constant if allows(constraint.types, constant) else constraint.least
        return written, ChosenValue(0.0, ((written, 0.0),))
    found, share = "", 1.0
    if learned is not None and learned.rule is not None:
        found, share = learned.rule.find(text), max(learned.rule.share, _MIN_SHARE)
    elif learned is not None and learned.model is None:
        found = plain(learned.constant)
    elif learned is not None:
        found = plain(next(iter(learned.values.values())))
    written = as_json(found, constraint.types)
    return written, ChosenValue(float(np.log(share)), ((written, float(np.log(share))),))


_MIN_SHARE = 0.01


def _draw(scores: NDArray[np.float64], temperature: float | None, generator: random.Random) -> int:
    if not temperature:
        return int(np.argmax(scores))
    weights = np.exp((scores - scores.max()) / temperature)
    return generator.choices(range(len(scores)), weights=weights.tolist())[0]


def _value(values: Sequence[str], scores: NDArray[np.float64], column: int) -> tuple[str, ChosenValue]:
    best = np.argsort(-scores, kind="stable")[:MAX_ALTERNATIVES]
    alternatives = tuple((values[i], float(scores[i])) for i in best)
    return values[column], ChosenValue(float(scores[column]), alternatives)


def _choice(paths: Sequence[Path], values: Sequence[tuple[str, ChosenValue]], spaced: bool) -> Choice:
    """The object; its values stand at the odd places of the choice's parts."""
    around = around_values(paths, spaced=spaced)
    parts = [text for before, (written, _) in zip(around, values, strict=False) for text in (before, written)]
    return Choice((*parts, around[-1]), tuple(value for _, value in values))


def _taught(item: LearnedField) -> FieldConstraint:
    if item.rule is not None:
        return FieldConstraint(item.path, types=("string",))
    if item.many:
        return FieldConstraint(item.path, tuple(item.values.values()), ("null",), many=True)
    if item.constant[:1] in ("", "[", "{"):
        return FieldConstraint(item.path, types=("array", "object"), least=item.constant or "null")
    return FieldConstraint(item.path, tuple(item.values.values()) or (item.constant,))
