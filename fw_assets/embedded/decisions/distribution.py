"""Distributions over the options of questions: from a loaded model, by the scorer that chat completions use."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.decisions.question import DecisionRequest, Option, Question
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.inference.answer_constraint import label_names
from fw_assets.embedded.inference.model_cache import LoadedModel

Distribution = list[float]
"""Probabilities of a question's options in their order; of a noul, those of true and of false. They sum to one."""

_OTHER = "something else"
"""What false means where nobody said: a text that no state is about."""


@dataclass(frozen=True)
class _Reading:
    """How a question is put to a scorer.

    Attributes:
        candidates: None for the labels that it was trained on.
        columns: those of the options among the candidates.
        alone: whether the only column is the probability of true.
    """

    candidates: tuple[str, ...] | None
    columns: tuple[int, ...]
    alone: bool = False

    @cached_property
    def in_order(self) -> bool:
        """Whether the options are the candidates."""
        return self.candidates is not None and self.columns == tuple(range(len(self.candidates)))


def decide(model: LoadedModel, requests: Sequence[DecisionRequest]) -> list[list[Distribution] | RpcError]:
    """For each request the distributions of its questions, or why it was refused.

    Questions with the same options are scored in one call, of whichever requests they are. An answer depends neither on
    the other questions nor on the other requests.

    Raises:
        RpcError: INVALID_ARGUMENT for a model that answers with objects.
    """
    if model.taught:
        raise invalid(
            "model: it was trained to answer with objects of several fields, and does not support this API; ask it by "
            "/chat/completions",
            "model",
        )
    distributions: list[list[Distribution]] = [[[]] * len(request.questions) for request in requests]
    refusals: dict[int, RpcError] = {}
    places: dict[_Reading, list[tuple[int, int]]] = {}
    trained = model.scorer.labels or ()
    for row, request in enumerate(requests):
        for column, question in enumerate(request.questions):
            places.setdefault(_read(question, trained), []).append((row, column))
    scores: dict[tuple[str, ...] | None, dict[str, NDArray[np.float64]]] = {}
    for candidates in dict.fromkeys(reading.candidates for reading in places):
        texts = _texts(requests, candidates, places)
        try:
            turns = [model.read([{"role": "user", "content": text}]) for text in texts]
            rows = model.scorer.log_probabilities(turns, candidates)
        except EngineError as error:
            refusal = invalid(f"questions: {error}", "questions")
            refusals |= {
                row: refusal for reading, at in places.items() if reading.candidates == candidates for row, _ in at
            }
            continue
        scores[candidates] = dict(zip(texts, rows, strict=True))
    for reading, at in places.items():
        for row, column in at:
            if row not in refusals:
                distributions[row][column] = _normal(scores[reading.candidates][requests[row].text], reading)
    return [refusals.get(row, answers) for row, answers in enumerate(distributions)]


def _texts(
    requests: Sequence[DecisionRequest],
    candidates: tuple[str, ...] | None,
    places: dict[_Reading, list[tuple[int, int]]],
) -> list[str]:
    rows = (row for reading, at in places.items() if reading.candidates == candidates for row, _ in at)
    return list(dict.fromkeys(requests[row].text for row in rows))


def _normal(scores: NDArray[np.float64], reading: _Reading) -> Distribution:
    if reading.alone:
        true = min(1.0, math.exp(float(scores[reading.columns[0]])))
        return [true, 1 - true]
    chosen = scores if reading.in_order else scores[list(reading.columns)]
    weights = np.exp(chosen - chosen.max())
    values: Distribution = (weights / weights.sum()).tolist()
    return values


@lru_cache(maxsize=256)
def _read(question: Question, trained: tuple[str, ...]) -> _Reading:
    if question.type == "noul":
        label = _asked_label(question, trained)
        if label is not None:
            return _Reading(None, (trained.index(label),), alone=True)
        true, false = question.options
        names = [true.name or question.instructions, false.name or _OTHER]
    elif trained:
        known = frozenset(trained)
        names = [_trained(option, known) or _described(option) for option in question.options]
    else:
        # As for an enum of chat: without the frame, such as `Category: `, that all names share.
        plain = label_names(tuple(option.name for option in question.options))
        names = [
            name if _described(option) == option.name else _described(option)
            for option, name in zip(question.options, plain, strict=True)
        ]
    # Two options may read the same, such as the text "true" and the boolean; they share what that text gets.
    candidates = tuple(dict.fromkeys(names))
    if len(candidates) == 1:
        candidates = (*candidates, _OTHER)
    index = {name: column for column, name in enumerate(candidates)}
    return _Reading(candidates, tuple(index[name] for name in names))


def _described(option: Option) -> str:
    """An option with what it means; clients that send no null describe one by its name."""
    if option.description in ("", option.name):
        return option.name
    return f"{option.name}: {option.description}"


def _trained(option: Option, trained: Collection[str]) -> str | None:
    """The label that an option names, alone or before `: ` and a description."""
    return next((name for name in (option.name, option.name.partition(": ")[0]) if name in trained), None)


def _asked_label(question: Question, trained: Sequence[str]) -> str | None:
    """The label of the training that a noul asks about: what true means, or else the only one that is quoted."""
    named = _trained(question.options[0], trained)
    if named is not None:
        return named
    quoted = [label for label in trained if f'"{label}"' in question.instructions]
    return quoted[0] if len(quoted) == 1 else None
