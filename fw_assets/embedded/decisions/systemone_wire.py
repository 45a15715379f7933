"""System One's form.

`{model, state, questions: {id: question}}` is answered by `{model, answers: {id: answer}, usage}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fw_assets.embedded.decisions.confidence import choice_confidence, score_confidence
from fw_assets.embedded.decisions.distribution import Distribution
from fw_assets.embedded.decisions.fields import (
    Questions,
    check_options,
    check_question_count,
    counted,
    decision_request,
    read_body,
    read_json,
    read_model,
    repeated_questions,
)
from fw_assets.embedded.decisions.plain_text import plain_text
from fw_assets.embedded.decisions.question import DecisionRequest, Option, Question
from fw_assets.embedded.errors import invalid

_TYPES = ("noul", "choice", "score")


def read_systemone(body: bytes) -> DecisionRequest:
    """The request in a body; unknown fields beside `model`, `state` and `questions` are ignored.

    Raises:
        RpcError: INVALID_ARGUMENT, naming the field that is wrong.
    """
    fields = read_body(body)
    model = read_model(fields)
    if fields.state is None:
        raise invalid("state: missing; expected a text, an object or an array", "state")
    return decision_request(model, plain_text(fields.state, "state"), _questions(bytes(fields.questions)))


@repeated_questions
def _questions(content: bytes) -> Questions:
    questions = read_json(content)
    if not isinstance(questions, dict):
        raise invalid("questions: expected an object of questions by their ids", "questions")
    check_question_count(len(questions))
    return counted([_question(id, item) for id, item in questions.items()])


def write_systemone(request: DecisionRequest, distributions: Sequence[Distribution]) -> dict[str, Any]:
    answers = {
        question.id: _answer(question, distribution)
        for question, distribution in zip(request.questions, distributions, strict=True)
    }
    usage = {"input_tokens": request.tokens, "cached_input_tokens": 0, "output_tokens": 0}
    return {"model": request.model, "answers": answers, "usage": usage}


def _question(id: str, item: Any) -> Question:
    field = f"questions.{id}"
    kind = item.get("type") if isinstance(item, dict) else None
    if not id:
        raise invalid("questions: an id is empty", "questions")
    if kind not in _TYPES:
        raise invalid(f"{field}.type: {kind!r}; expected one of {', '.join(_TYPES)}", f"{field}.type")
    instructions = plain_text(item.get("instructions") or "", f"{field}.instructions")
    read = {"noul": _noul, "choice": _choice, "score": _score}[kind]
    options = read(item.get("criteria"), f"{field}.criteria")
    if kind == "noul" and not instructions and not any(option.name for option in options):
        raise invalid(f"{field}: neither instructions nor criteria say what is asked", field)
    return Question(id, kind, instructions, options)


def _noul(criteria: Any, field: str) -> tuple[Option, ...]:
    if not isinstance(criteria, dict | None) or not set(criteria or ()) <= {"true", "false"}:
        raise invalid(f"{field}: expected an object with the texts of true and false", field)
    texts = criteria or {}
    return tuple(Option(side, plain_text(texts.get(str(side).lower()) or "", field)) for side in (True, False))


def _choice(criteria: Any, field: str) -> tuple[Option, ...]:
    if not isinstance(criteria, dict) or "" in criteria:
        raise invalid(f"{field}: expected an object of descriptions, or null, by the names of the options", field)
    check_options(list(criteria), field)
    return tuple(Option(name, name, plain_text(text or "", field)) for name, text in criteria.items())


def _score(criteria: Any, field: str) -> tuple[Option, ...]:
    if not isinstance(criteria, list) or None in criteria:
        raise invalid(f"{field}: expected a list of the texts of the levels, lowest first", field)
    check_options(criteria, field, levels=True)
    return tuple(Option(str(index), plain_text(text, field)) for index, text in enumerate(criteria))


def _answer(question: Question, distribution: Distribution) -> dict[str, Any]:
    if question.type == "noul":
        return {"type": "noul", "noul": distribution[0]}
    values = question.values
    probabilities = dict(zip(values, distribution, strict=True))
    if question.type == "choice":
        return {
            "type": "choice",
            "choice": values[distribution.index(max(distribution))],
            "confidence": choice_confidence(distribution),
            "probabilities": probabilities,
        }
    return {
        "type": "score",
        "score": sum(level * p for level, p in enumerate(distribution)),
        "confidence": score_confidence(distribution),
        "legend": {option.value: option.name for option in question.options},
        "probabilities": probabilities,
    }
