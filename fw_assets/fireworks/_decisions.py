"""Decisions: questions about one state, answered in one request or, when they are many, in several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from ._decision import Decision, joined, parse_decisions, parse_systemone
from ._decision_question import Noul, Question, check_questions, parts
from ._errors import ApiError, BadRequest, NotFound, PlatformFault
from ._http import HttpClient
from ._responses import unambiguous_object

SYSTEMONE_PATH = "/inference/v1/systemone"
DECISIONS_PATH = "/inference/v1/decisions"

State = str | Mapping[str, Any] | list[Any]

_Body = Callable[[Mapping[str, Question]], dict[str, Any]]
_Parse = Callable[[Mapping[str, Any], Mapping[str, Question], float], Decision]


async def systemone(
    http: HttpClient,
    model: str,
    state: State,
    questions: Mapping[str, Question],
    *,
    deployment_known: bool,
    path: str = SYSTEMONE_PATH,
) -> Decision:
    """The answers in System One's form; the body has `model`, `state` and `questions` and nothing else."""

    def body(part: Mapping[str, Question]) -> dict[str, Any]:
        return {"model": model, "state": state, "questions": {id: each.systemone for id, each in part.items()}}

    return await _ask(http, path, body, questions, parse_systemone, deployment_known)


async def decisions(
    http: HttpClient, model: str, input: str | list[Any], questions: Mapping[str, Question], *, deployment_known: bool
) -> Decision:
    """The answers in OpenAI's form; the body has `model`, `input` and `questions` and nothing else."""

    def body(part: Mapping[str, Question]) -> dict[str, Any]:
        return {"model": model, "input": input, "questions": [{"name": id, **q.openai} for id, q in part.items()]}

    return await _ask(http, DECISIONS_PATH, body, questions, parse_decisions, deployment_known)


async def refusal_of(
    ask: Callable[[State, Mapping[str, Question]], Awaitable[Decision]], question: Question | None = None
) -> str | None:
    """Why a model answers no decisions, by one small request; None where it does.

    Args:
        question: in place of a yes-or-no question.

    Raises:
        FireworksError: the answer says nothing about the model, such as a key that is refused.
    """
    try:
        await ask("Is it raining?", {"probe": question or Noul("Is this text a question?")})
    except PlatformFault:
        raise
    except (BadRequest, NotFound) as error:
        return error.detail or str(error)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_IMPLEMENTED:
            raise
        return error.detail or str(error)
    return None


async def _ask(
    http: HttpClient,
    path: str,
    body: _Body,
    questions: Mapping[str, Question],
    parse: _Parse,
    deployment_known: bool,
) -> Decision:
    check_questions(questions)
    answers = []
    # One after the other: the state of the first is cached for the rest.
    for part in parts(questions):
        started = http.clock.now()
        response = await http.post(
            path, body(part), idempotent=True, deployment_known=deployment_known, read=unambiguous_object
        )
        answers.append(parse(response, part, http.clock.now() - started))
    return joined(answers)
