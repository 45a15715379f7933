"""OpenAI's form: `{model, input, questions: [question]}`, answered by `{answers: [answer], model, usage}`.

A predicate is a noul. Images are refused; `safety_identifier` and the fields of prompt caching are taken and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

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
from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.errors import invalid

_TYPES = {"predicate": "noul", "choice": "choice", "score": "score"}
_ROLES = ("user", "developer", "system", "assistant")
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_OUTPUTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}


def read_decisions(body: bytes) -> DecisionRequest:
    """The request in a body.

    Raises:
        RpcError: INVALID_ARGUMENT, naming the field that is wrong.
    """
    fields = read_body(body)
    model = read_model(fields)
    return decision_request(model, _input_text(fields.input), _questions(bytes(fields.questions)))


@repeated_questions
def _questions(content: bytes) -> Questions:
    questions = read_json(content)
    if not isinstance(questions, list):
        raise invalid("questions: expected an array of questions", "questions")
    check_question_count(len(questions))
    return counted([_question(item, f"questions[{index}]") for index, item in enumerate(questions)])


def write_decisions(request: DecisionRequest, distributions: Sequence[Distribution]) -> dict[str, Any]:
    pairs = zip(request.questions, distributions, strict=True)
    return {
        "answers": [_answer(question, distribution) for question, distribution in pairs],
        "model": request.model,
        "usage": {
            "input_tokens": request.tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": request.tokens,
        },
    }


def _input_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise invalid("input: missing; expected a text or an array of messages", "input")
    calls: set[tuple[str, Any]] = set()
    turns = []
    for index, item in enumerate(value):
        field = f"input[{index}]"
        if not isinstance(item, dict):
            raise invalid(f"{field}: expected an object", field)
        kind = item.get("type", "message")
        if kind == "message":
            if item.get("role") not in _ROLES:
                raise invalid(f"{field}.role: {item.get('role')!r}; expected one of {', '.join(_ROLES)}", field)
            turns.append({"role": item["role"], "content": _content(item.get("content"), f"{field}.content")})
        elif kind in _CALLS:
            calls.add((kind, item.get("call_id")))
            turns.append({"role": "assistant", "content": str(item.get(_CALLS[kind], ""))})
        elif kind in _OUTPUTS:
            if (_OUTPUTS[kind], item.get("call_id")) not in calls:
                raise invalid(f"{field}.call_id: {item.get('call_id')!r} is no call before it", field)
            # What a tool said is part of the case to decide.
            turns.append({"role": "user", "content": _content(item.get("output"), f"{field}.output")})
        else:
            expected = ", ".join(("message", *_CALLS, *_OUTPUTS))
            raise invalid(f"{field}.type: {kind!r}; expected one of {expected}", field)
    return read_turns(turns)


def _content(value: Any, field: str) -> str:
    """The text of a text or of an array of parts."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise invalid(f"{field}: missing; expected a text or an array of parts", field)
    texts = []
    for index, part in enumerate(value):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _TEXT_PARTS and isinstance(part.get(_TEXT_PARTS[kind]), str):
            texts.append(part[_TEXT_PARTS[kind]])
        elif kind == "input_json" and "data" in part:
            texts.append(plain_text(part["data"], f"{field}[{index}].data"))
        elif kind in ("input_image", "image"):
            raise invalid(f"{field}[{index}]: images are not supported; this endpoint reads text", field)
        else:
            raise invalid(f"{field}[{index}]: expected a part of the type text, input_text or input_json", field)
    return "".join(texts)


def _question(item: Any, field: str) -> Question:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind not in _TYPES:
        raise invalid(f"{field}.type: {kind!r}; expected one of {', '.join(_TYPES)}", field)
    name = item.get("name")
    if not isinstance(name, str | None):
        raise invalid(f"{field}.name: expected a text", field)
    instructions = _content(item.get("instructions"), f"{field}.instructions")
    if kind == "predicate":
        if not instructions:
            raise invalid(f"{field}.instructions: empty", field)
        return Question(name, "noul", instructions, (Option(True, ""), Option(False, "")))
    if kind == "choice":
        return Question(name, "choice", instructions, _choices(item.get("choices"), f"{field}.choices"))
    return Question(name, "score", instructions, _levels(item.get("levels"), f"{field}.levels"))


def _choices(value: Any, field: str) -> tuple[Option, ...]:
    items = _objects(value, field)
    values = [item.get("value") for item in items]
    if not all(isinstance(each, str | bool) and each != "" for each in values):
        raise invalid(f"{field}: every choice needs a value, a text or a boolean", field)
    check_options(values, field)
    return tuple(
        Option(item["value"], _name(item["value"]), plain_text(item.get("description") or "", field)) for item in items
    )


def _levels(value: Any, field: str) -> tuple[Option, ...]:
    items = _objects(value, field)
    check_options(items, field, levels=True)
    if not all(isinstance(item.get("label"), str) for item in items):
        raise invalid(f"{field}: every level needs a label", field)
    return tuple(
        Option(str(index), item["label"], plain_text(item.get("description") or "", field))
        for index, item in enumerate(items)
    )


def _objects(value: Any, field: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"{field}: expected an array of objects", field)
    return value


def _name(value: str | bool) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _answer(question: Question, distribution: Distribution) -> dict[str, Any]:
    if question.type == "noul":
        return {"type": "predicate", "name": question.id, "probability": distribution[0]}
    best = max(range(len(distribution)), key=distribution.__getitem__)
    pairs = list(zip(question.options, distribution, strict=True))
    if question.type == "choice":
        return {
            "type": "choice",
            "name": question.id,
            "choice": question.options[best].value,
            "confidence": choice_confidence(distribution),
            "probabilities": [{"value": option.value, "probability": p} for option, p in pairs],
        }
    return {
        "type": "score",
        "name": question.id,
        "score": sum(level * p for level, p in enumerate(distribution)),
        "confidence": score_confidence(distribution),
        "probabilities": [
            {"value": level, "label": option.name, "probability": p} for level, (option, p) in enumerate(pairs)
        ],
    }
