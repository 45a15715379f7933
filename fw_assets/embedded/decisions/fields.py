"""Reading the fields of a decision request, with refusals that name the field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any, NamedTuple

import msgspec

from fw_assets.embedded.decisions.question import MAX_LEVELS, MAX_OPTIONS, MAX_QUESTIONS, DecisionRequest, Question
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.token_counts import MESSAGE_OVERHEAD, count_tokens

_REMEMBERED = 32
_MAX_REMEMBERED = 256 * 1024
"""Bytes of questions that are remembered."""


class DecisionBody(msgspec.Struct):
    """The fields of both forms; others are ignored. `questions` are the bytes of a JSON value, empty without one."""

    model: Any = None
    state: Any = None
    input: Any = None
    questions: msgspec.Raw = msgspec.Raw(b"")
    stream: Any = None


def read_body(body: bytes) -> DecisionBody:
    """The JSON object of a body, whose questions are not read yet.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    read: DecisionBody = _decoded(body, DecisionBody)
    return read


def read_json(content: bytes) -> Any:
    """The value of a part of a body.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    return _decoded(content, Any) if content else None


def _decoded(content: bytes, type: Any) -> Any:
    try:
        return msgspec.json.decode(content, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the request cannot be read: {error}") from None


def repeated_questions(read: Callable[[bytes], Questions]) -> Callable[[bytes], Questions]:
    """The reader of questions that remembers the last of them: a client asks the same of every row."""
    remembered = lru_cache(maxsize=_REMEMBERED)(read)

    @wraps(read)
    def questions(content: bytes) -> Questions:
        return (remembered if len(content) <= _MAX_REMEMBERED else read)(content)

    return questions


def read_model(body: DecisionBody) -> str:
    if not isinstance(body.model, str) or not body.model:
        raise invalid("model: missing; expected the name of a model, a deployment or model#deployment", "model")
    if body.stream:
        raise invalid("stream: a decision is one answer, and is not streamed", "stream")
    return body.model


class Questions(NamedTuple):
    """The questions of a request, and their tokens."""

    questions: tuple[Question, ...]
    tokens: int


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


def counted(questions: Sequence[Question]) -> Questions:
    return Questions(tuple(questions), sum(map(_question_tokens, questions)))


def decision_request(model: str, text: str, asked: Questions) -> DecisionRequest:
    return DecisionRequest(model, text, asked.questions, MESSAGE_OVERHEAD + count_tokens(text) + asked.tokens)


def _question_tokens(question: Question) -> int:
    texts = (
        question.instructions,
        *(part for option in question.options for part in (option.name, option.description)),
    )
    return MESSAGE_OVERHEAD + sum(count_tokens(text) for text in texts if text)
