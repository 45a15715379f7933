"""Completions of several adapters over one base at once: what chooses labels is scored in passes that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.answer_constraint import read_constraint
from fw_assets.embedded.inference.chat_completion import Completions, answer_all
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.choose import LabelQuestion, label_question
from fw_assets.embedded.inference.model_cache import LoadedModel

Part = tuple[LoadedModel, Sequence[ChatRequest]]
"""A model, and the requests to it."""


def answer_mixed(parts: Sequence[Part], created: int) -> list[Completions]:
    """For each part the completions of its requests, as `answer_all` gives them.

    Raises:
        DeviceBusy: others had the device for too long.
    """
    scores = _scores_ahead(parts)
    return [answer_all(*part, created, known) for part, known in zip(parts, scores, strict=True)]


def _scores_ahead(parts: Sequence[Part]) -> list[Mapping[bytes, NDArray[np.float64]]]:
    """For each part the scores of its requests by their response format, where they are of labels."""
    from fw_assets.embedded.engine.language_model.mixed.scoring import ScoreQuestion, score_together

    scores: list[dict[bytes, NDArray[np.float64]]] = [{} for _ in parts]
    asked = [(index, *found) for index, part in enumerate(parts) for found in _questions(part)]
    questions = [
        ScoreQuestion(parts[index][0].scorer, question.texts, question.candidates) for index, _, question in asked
    ]
    try:
        found = score_together(questions)
    except (EngineError, MemoryError):
        return [{} for _ in parts]  # each part says by itself what is wrong with it
    for (index, response_format, _), own in zip(asked, found, strict=True):
        scores[index][response_format] = own
    return list(scores)


def _questions(part: Part) -> Iterator[tuple[bytes, LabelQuestion]]:
    model, requests = part
    by_format: dict[bytes, list[ChatRequest]] = {}
    for request in requests:
        by_format.setdefault(bytes(request.response_format), []).append(request)
    for response_format, group in by_format.items():
        try:
            question = label_question(model, read_constraint(response_format), group)
        except RpcError:
            continue
        if question is not None and not question.format.many:
            yield response_format, question
