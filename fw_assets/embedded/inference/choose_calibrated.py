"""Choosing labels as a request's `calibration` says: with it, without it, or both for one reading of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.answer_constraint import AnswerConstraint
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.choice import Choice
from fw_assets.embedded.inference.choose import choose, label_question
from fw_assets.embedded.inference.model_cache import LoadedModel


def choose_calibrated(
    model: LoadedModel, constraint: AnswerConstraint, requests: Sequence[ChatRequest], calibration: str
) -> list[list[Choice]]:
    """As `choose`, for requests that share their constraint and their `calibration`.

    Raises:
        RpcError: INVALID_ARGUMENT also where the model has no calibration that could be asked for.
    """
    scorer = model.calibrated
    if scorer is None:
        if calibration == "none":
            return choose(model, constraint, requests)
        raise invalid(f"calibration: {calibration!r}; this model has none, leave the field out", "calibration")
    plain = replace(model, scorer=scorer.uncalibrated())
    if calibration != "both":
        return choose(plain if calibration == "none" else model, constraint, requests)
    scores: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None] = (None, None)
    question = label_question(model, constraint, requests)
    if question is not None and not question.format.many:
        try:
            scores = scorer.with_and_without(question.texts, question.candidates)
        except EngineError as error:
            raise invalid(f"response_format: {error}", "response_format") from None
    ways = [choose(way, constraint, requests, known) for way, known in zip((model, plain), scores, strict=True)]
    return [
        [replace(choice, uncalibrated=other) for choice, other in zip(*choices, strict=True)]
        for choices in zip(*ways, strict=True)
    ]
