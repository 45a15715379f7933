"""Choosing: from a loaded model and the choices of a request to the label or labels of the answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import EngineError, read_turns
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.answer_constraint import Choices
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.chat_request import MAX_ALTERNATIVES, ChatRequest
from fw_assets.embedded.inference.model_cache import Loaded


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes:
        parts: its text before, in and after what was chosen.
        log_probability: natural, of what was chosen.
        alternatives: (text, log probability) of the likeliest labels, best first.
    """

    parts: tuple[str, str, str]
    log_probability: float
    alternatives: tuple[tuple[str, float], ...]


def choose(loaded: Loaded, choices: Choices, requests: Sequence[ChatRequest]) -> list[list[Choice]]:
    """The answers to requests that share their choices: to each, `n` of them.

    Without temperature the likeliest label; with it, one drawn from the tempered probabilities by `seed`.
    A list of labels is the same at every temperature. No answer depends on the others' being asked.

    Raises:
        ApiError: INVALID_ARGUMENT when a base model was given no choices.
    """
    scorer = loaded.scorer
    labels = choices.labels or scorer.labels
    if labels is None:
        raise invalid(
            "response_format: a base model of this platform chooses among given labels; list them in a "
            'json_schema enum, or in a grammar such as root ::= "billing" | "sales"',
            "response_format",
        )
    # A base model reads the names of the labels; a tuned one knows the labels as they were written.
    asked = choices.names if scorer.labels is None else choices.labels
    format = _format(choices, loaded)
    texts = [read_turns(request.messages) for request in requests]
    try:
        scores = scorer.log_probabilities(texts, asked)
        sets = scorer.predict_sets(texts, asked) if format.many else []
    except EngineError as error:
        raise invalid(f"response_format: {error}", "response_format") from None
    if format.many:
        order = {name: index for index, name in enumerate(asked or labels)}
        return [
            [_set_answer(labels, row, [order[name] for name in chosen], choices, format)] * (request.n or 1)
            for request, row, chosen in zip(requests, scores, sets, strict=True)
        ]
    return [
        [_label_answer(labels, row, index, format) for index in _draw(row, request)]
        for request, row in zip(requests, scores, strict=True)
    ]


def _format(choices: Choices, loaded: Loaded) -> AnswerFormat:
    """What the request prescribes, else what the model was taught; `json_object` leaves it the key."""
    taught = loaded.format
    if choices.labels is None and taught is not None and (choices.format is None or taught.key is not None):
        return taught
    return choices.format or AnswerFormat()


def _draw(scores: NDArray[np.float64], request: ChatRequest) -> list[int]:
    count = request.n or 1
    if not request.temperature:
        return [int(np.argmax(scores))] * count
    weights = np.exp((scores - scores.max()) / request.temperature)
    return random.Random(request.seed).choices(range(len(scores)), weights=weights.tolist(), k=count)


def _label_answer(labels: Sequence[str], scores: NDArray[np.float64], index: int, format: AnswerFormat) -> Choice:
    best = np.argsort(-scores, kind="stable")[:MAX_ALTERNATIVES]
    alternatives = tuple((format.around(labels[i])[1], float(scores[i])) for i in best)
    return Choice(format.around(labels[index]), float(scores[index]), alternatives)


def _set_answer(
    labels: Sequence[str],
    scores: NDArray[np.float64],
    chosen: list[int],
    choices: Choices,
    format: AnswerFormat,
) -> Choice:
    ranked = [int(i) for i in np.argsort(-scores, kind="stable")]
    if len(chosen) < choices.fewest:
        chosen = chosen + [i for i in ranked if i not in chosen][: choices.fewest - len(chosen)]
    if choices.most is not None:
        chosen = [i for i in ranked if i in chosen][: choices.most]
    total = float(sum(scores[i] for i in chosen))
    alternatives = tuple((labels[i], float(scores[i])) for i in ranked[:MAX_ALTERNATIVES])
    return Choice(format.around([labels[i] for i in sorted(chosen)]), total, alternatives)
