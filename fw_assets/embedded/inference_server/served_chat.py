"""Requests to the inference server: prompts out, texts with their token steps back, in a manner that it takes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fw_assets.embedded.engine.turns import WITHOUT_THINKING
from fw_assets.embedded.errors import RpcError, precondition
from fw_assets.embedded.inference_server.connection import Call, Reply
from fw_assets.embedded.inference_server.inference_server import InferenceServer, ServedModel
from fw_assets.embedded.inference_server.request_manner import Manner
from fw_assets.embedded.inference_server.token_steps import TokenStep, chat_steps, completion_steps

log = logging.getLogger("fw_assets.embedded")

_CHAT, _COMPLETIONS = "/v1/chat/completions", "/v1/completions"
_MAX_MANNERS = 16
_OF_THE_REQUEST, _OF_THE_CALL = (400, 422), (404, 405, 501)
"""Statuses that another manner may avoid: of the request's fields, and of completions as a call."""


@dataclass(frozen=True)
class ServedRequest:
    """One request, without model and prompt.

    Attributes:
        tokens: the prompt, where this platform has the model's tokenizer.
        end: the token that ends the answer.
    """

    messages: Sequence[Mapping[str, str]]
    fields: Mapping[str, Any]
    tokens: Sequence[int] | None = None
    end: int | None = None

    def body(self, *, tokens: bool) -> dict[str, Any]:
        """The body, with the prompt as tokens or as messages."""
        if tokens:
            ends = [] if self.end is None else [self.end]
            return {"prompt": list(self.tokens or ()), "stop_token_ids": ends, **self.fields}
        # As of prompts that are rendered here.
        return {"messages": self.messages, "chat_template_kwargs": WITHOUT_THINKING, **self.fields}


@dataclass(frozen=True)
class ServedAnswer:
    """A text that the server wrote; `cut` where the limit of tokens came before its end."""

    text: str
    cut: bool
    steps: tuple[TokenStep, ...]


@dataclass
class _Asked:
    """One request on its way: the manner of its next attempt, and those that were refused."""

    request: ServedRequest
    manner: Manner
    refused: list[Manner]
    left: list[Manner]
    first: Reply | None = None
    answer: ServedAnswer | RpcError | None = None

    @property
    def as_tokens(self) -> bool:
        return self.manner.tokens and self.request.tokens is not None


def ask(
    server: InferenceServer,
    model: ServedModel,
    requests: Sequence[ServedRequest],
    choices: Sequence[str] | None = None,
) -> list[ServedAnswer]:
    """The answers to requests, each one of the choices where there are any.

    Raises:
        RpcError: the first request that is refused in every manner; of the connection.
    """
    asked = [_Asked(request, server.manner, [], []) for request in requests]
    is_allowed = None if choices is None else set(choices).__contains__
    while open_ := [item for item in asked if item.answer is None]:
        for item, reply in zip(open_, _replies(server, model, open_, choices), strict=True):
            _take(server, item, reply, is_allowed)
    answers = []
    for item in asked:
        if isinstance(item.answer, RpcError):
            raise item.answer
        assert item.answer is not None
        answers.append(item.answer)
    return answers


def messages_of(conversation: str) -> list[dict[str, str]]:
    """The messages of a conversation (`turns.write_conversation`)."""
    return [{"role": role, "content": content} for role, content in json.loads(conversation)]


def _replies(
    server: InferenceServer, model: ServedModel, asked: Sequence[_Asked], choices: Sequence[str] | None
) -> list[Reply | RpcError]:
    """The reply to each request; a server that has been started again is given the model once more."""
    name = server.name_of(model)
    replies = _send(server, name, asked, choices)
    lost = [index for index, reply in enumerate(replies) if isinstance(reply, Reply) and reply.status == 404]
    if lost:
        server.forget(model, name)
        name = server.name_of(model)
        for index, reply in zip(lost, _send(server, name, [asked[i] for i in lost], choices), strict=True):
            replies[index] = reply
    return replies


def _send(
    server: InferenceServer, name: str, asked: Sequence[_Asked], choices: Sequence[str] | None
) -> list[Reply | RpcError]:
    return server.connection.send_all(
        [
            Call(
                _COMPLETIONS if item.as_tokens else _CHAT,
                {"model": name, **item.manner.fields(item.request.body(tokens=item.as_tokens), choices)},
            )
            for item in asked
        ]
    )


def _take(
    server: InferenceServer, item: _Asked, reply: Reply | RpcError, is_allowed: Callable[[str], bool] | None
) -> None:
    """An answer, a refusal, or what to try next."""
    if isinstance(reply, RpcError):
        item.answer = reply
        return
    if reply.status in _OF_THE_REQUEST or (reply.status in _OF_THE_CALL and item.as_tokens):
        item.first = item.first or reply
        item.left += item.manner.others(reply.message, choices=is_allowed is not None, tokens=item.as_tokens)
        _next(server, item)
        return
    if not reply.ok:
        item.answer = server.refusal(reply)
        return
    answer = _read(reply.content, item.manner, completion=item.as_tokens)
    if answer is None:
        item.answer = precondition(
            f"{server.settings.url} (FW_INFERENCE_URL) is no OpenAI-compatible server: its answer has no message"
        )
    elif is_allowed is None or is_allowed(answer.text) or is_allowed(answer.text.strip()):
        if is_allowed is not None and not is_allowed(answer.text):
            answer = replace(answer, text=answer.text.strip())
        if item.refused and item.manner not in (server.manner, *item.refused):
            log.warning("%s is asked in another manner from now on: %s", server.settings.url, item.manner)
            server.manner = item.manner
        item.answer = answer
    else:
        weaker = item.manner.weaker
        item.left = [weaker] if weaker is not None else []
        item.first = None
        _next(server, item, answer.text)


def _next(server: InferenceServer, item: _Asked, said: str = "") -> None:
    item.refused.append(item.manner)
    item.left = [manner for manner in item.left if manner not in item.refused]
    if item.left and len(item.refused) < _MAX_MANNERS:
        item.manner = item.left.pop(0)
    elif item.first is not None:
        item.answer = server.refusal(item.first)
    else:
        item.answer = precondition(
            f"the inference server at {server.settings.url} (FW_INFERENCE_URL) does not hold an answer to its choices "
            f"in any known way: it answered {said[:80]!r}"
        )


def _read(content: Any, manner: Manner, *, completion: bool) -> ServedAnswer | None:
    try:
        (choice, *_) = content["choices"]
        text = choice["text"] if completion else choice["message"]["content"] or ""
        steps = tuple(completion_steps(choice) if completion else chat_steps(choice))
        cut = choice.get("finish_reason") == "length"
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return ServedAnswer(manner.answer(text), cut, steps)
