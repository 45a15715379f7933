"""Choosing labels: from a loaded model and a constraint to the choices of a completion."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.answer_fields import FieldConstraint, RecordWriter
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.written_answers import MAX_TOKENS, Decoding, Writer, WrittenAnswer
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.answer_constraint import AnswerConstraint
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.chat_request import MAX_ALTERNATIVES, ChatRequest
from fw_assets.embedded.inference.choice import Choice, ChosenValue
from fw_assets.embedded.inference.choose_record import RecordScorer, choose_records, write_records
from fw_assets.embedded.inference.model_cache import LoadedModel


@dataclass(frozen=True)
class LabelQuestion:
    """What a scorer is asked for requests that choose one label, or a set of labels, each.

    Attributes:
        labels: that answers name.
        candidates: what the scorer takes for them.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    candidates: tuple[str, ...] | None
    format: AnswerFormat


def label_question(
    model: LoadedModel, constraint: AnswerConstraint, requests: Sequence[ChatRequest]
) -> LabelQuestion | None:
    """The question for requests that share their constraint; None where they are answered otherwise than by labels."""
    labels = constraint.labels or model.scorer.labels
    if _record(model, constraint) or labels is None or (model.writer is not None and constraint.labels is None):
        return None
    format = _answer_format(constraint, model)
    # A base model compares texts with the names of labels, or would write the whole answer; a tuned one knows the
    # labels as they were written.
    candidates = constraint.labels
    if model.scorer.labels is None and model.writer is None:
        candidates = constraint.names
    elif model.scorer.labels is None and not format.many:
        candidates = tuple("".join(format.write(label)) for label in labels)
    return LabelQuestion(tuple(model.read(request.messages) for request in requests), labels, candidates, format)


def choose(
    model: LoadedModel,
    constraint: AnswerConstraint,
    requests: Sequence[ChatRequest],
    scores: NDArray[np.float64] | None = None,
) -> list[list[Choice]]:
    """The choices for requests that share their constraint: `n` for each request.

    Args:
        scores: those of their `LabelQuestion`, where they are known.

    Without temperature the most probable label; with it, one drawn from the tempered probabilities by `seed`. A list
    of labels is the same at every temperature. A request's choices do not depend on the other requests.

    Raises:
        RpcError: INVALID_ARGUMENT when a base model gets no labels to choose from.
    """
    record = _record(model, constraint)
    if record:
        spaced = model.format.spaced if model.format else True
        if isinstance(model.scorer, RecordWriter) and all(field.is_taught(model.taught) for field in record):
            return write_records(model.scorer, model.read, record, requests, spaced)
        return choose_records(model.record or _without_records(model), record, requests, spaced)
    if model.writer is not None and constraint.labels is None:
        return _write(model, model.writer, requests)
    scorer, question = model.scorer, label_question(model, constraint, requests)
    if question is None:
        raise invalid(
            "response_format: a base model of this platform chooses among given labels; list them in a "
            'json_schema enum, or in a grammar such as root ::= "billing" | "sales"',
            "response_format",
        )
    texts, labels, candidates, format = question.texts, question.labels, question.candidates, question.format
    try:
        if scores is None:
            scores = scorer.log_probabilities(texts, candidates)
        label_sets = scorer.predict_sets(texts, candidates) if format.many else []
    except EngineError as error:
        raise invalid(f"response_format: {error}", "response_format") from None
    if format.many:
        index = {name: column for column, name in enumerate(candidates or labels)}
        return [
            [_choose_set(labels, row, [index[name] for name in names], constraint, format)] * (request.n or 1)
            for request, row, names in zip(requests, scores, label_sets, strict=True)
        ]
    return [
        [_choose_label(labels, row, column, format) for column in _draw(row, request)]
        for request, row in zip(requests, scores, strict=True)
    ]


def _without_records(model: LoadedModel) -> RecordScorer:
    """A base model, which chooses each field by the names of its values.

    Raises:
        RpcError: INVALID_ARGUMENT for a model that was taught to answer with labels alone.
    """
    if model.scorer.labels is not None:
        raise invalid(
            "response_format: this model was trained to answer with labels, not with an object of several fields",
            "response_format",
        )
    return RecordScorer({}, {}, model.scorer, model.read)


def _write(model: LoadedModel, writer: Writer, requests: Sequence[ChatRequest]) -> list[list[Choice]]:
    """What a model answers that was given no choices.

    Raises:
        RpcError: INVALID_ARGUMENT for a request with a field that would change what is written, and that it has not.
    """
    for request in requests:
        request.check_writing()
    texts, decodings = [], []
    for request in requests:
        for index in range(request.n or 1):
            texts.append(model.read(request.messages))
            seed = None if request.seed is None else request.seed + index
            decodings.append(_decoding(request, seed))
    try:
        written = writer.write(texts, decodings)
    except EngineError as error:
        raise invalid(f"messages: {error}", "messages") from None
    answers = (decoding.until_stop(answer) for decoding, answer in zip(decodings, written, strict=True))
    return [[_written(next(answers)) for _ in range(request.n or 1)] for request in requests]


def _decoding(request: ChatRequest, seed: int | None) -> Decoding:
    return Decoding(
        request.token_limit or MAX_TOKENS,
        (request.temperature or 0.0) if request.top_p != 0 else 0.0,
        seed,
        request.stops,
        top_p=request.top_p or 1.0,
        top_k=request.top_k or 0,
        presence_penalty=request.presence_penalty or 0.0,
        frequency_penalty=request.frequency_penalty or 0.0,
    )


def _written(answer: WrittenAnswer) -> Choice:
    value = ChosenValue(answer.log_probability, ((answer.text, answer.log_probability),))
    return Choice(("", answer.text, ""), (value,), answer.cut)


def _record(model: LoadedModel, constraint: AnswerConstraint) -> tuple[FieldConstraint, ...]:
    """The fields that a request asks for; a model of records also answers one by itself, and all without constraint."""
    if constraint.fields or not model.taught:
        return constraint.fields
    if constraint.labels is None:
        return model.taught
    key = constraint.format.key if constraint.format else None
    many = bool(constraint.format and constraint.format.many)
    learned = next((field for field in model.taught if field.path == (key,)), None)
    if learned is None or many != learned.many:
        return ()
    values = tuple(msgspec.json.encode(label).decode() for label in constraint.labels)
    return (FieldConstraint(learned.path, values, many=many),)


def _answer_format(constraint: AnswerConstraint, model: LoadedModel) -> AnswerFormat:
    """The format that the request prescribes, else the one that was taught; `json_object` leaves the key to it."""
    taught = model.format
    if constraint.labels is None and taught is not None and (constraint.format is None or taught.key is not None):
        return taught
    return constraint.format or AnswerFormat()


def _draw(scores: NDArray[np.float64], request: ChatRequest) -> list[int]:
    count = request.n or 1
    if not request.temperature:
        return [int(np.argmax(scores))] * count
    weights = np.exp((scores - scores.max()) / request.temperature)
    return random.Random(request.seed).choices(range(len(scores)), weights=weights.tolist(), k=count)


def _choose_label(labels: Sequence[str], scores: NDArray[np.float64], column: int, format: AnswerFormat) -> Choice:
    best = np.argsort(-scores, kind="stable")[:MAX_ALTERNATIVES]
    alternatives = tuple((format.write(labels[i])[1], float(scores[i])) for i in best)
    return Choice(format.write(labels[column]), (ChosenValue(float(scores[column]), alternatives),))


def _choose_set(
    labels: Sequence[str],
    scores: NDArray[np.float64],
    columns: list[int],
    constraint: AnswerConstraint,
    format: AnswerFormat,
) -> Choice:
    """The predicted labels, filled up or cut to the bounds of the constraint by their scores."""
    ranked = [int(i) for i in np.argsort(-scores, kind="stable")]
    if len(columns) < constraint.min_labels:
        columns = columns + [i for i in ranked if i not in columns][: constraint.min_labels - len(columns)]
    if constraint.max_labels is not None:
        columns = [i for i in ranked if i in columns][: constraint.max_labels]
    total = float(sum(scores[i] for i in columns))
    alternatives = tuple((labels[i], float(scores[i])) for i in ranked[:MAX_ALTERNATIVES])
    return Choice(format.write([labels[i] for i in sorted(columns)]), (ChosenValue(total, alternatives),))
