"""Reading the fields of a decision request, with refusals that name the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fw_assets.embedded.decisions.question import MAX_LEVELS, MAX_OPTIONS, MAX_QUESTIONS, DecisionRequest, Question
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.token_counts import MESSAGE_OVERHEAD, count_tokens


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the request cannot be read: {error}") from None


def read_model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: missing; expected the name of a model, a deployment or model#deployment", "model")
    if body.get("stream"):
        raise invalid("stream: a decision is one answer, and is not streamed", "stream")
    return model


def check_question_count(count: int) -> None:
    if not 1 <= count <= MAX_QUESTIONS:
        raise invalid(f"questions: {count}; expected 1 to {MAX_QUESTIONS}", "questions")


def check_options(names: Sequence[object], field: str, *, levels: bool = False) -> None:
    """Refuse fewer than two options, too many, and repeated ones."""
    most, what = (MAX_LEVELS, "levels") if levels else (MAX_OPTIONS, "options")
    if not 2 <= len(names) <= most:
        raise invalid(f"{field}: {len(names)} {what}; expected 2 to {most}", field)
    # A boolean and a text are two values, although Python holds True and 1 for equal.
    if not levels and len({(type(name), name) for name in names}) != len(names):
        raise invalid(f"{field}: an option is repeated", field)


def decision_request(model: str, text: str, questions: Sequence[Question]) -> DecisionRequest:
    tokens = MESSAGE_OVERHEAD + count_tokens(text) + sum(map(_question_tokens, questions))
    return DecisionRequest(model, text, tuple(questions), tokens)


def _question_tokens(question: Question) -> int:
    texts = (
        question.instructions,
        *(part for option in question.options for part in (option.name, option.description)),
    )
    return MESSAGE_OVERHEAD + sum(count_tokens(text) for text in texts if text)
