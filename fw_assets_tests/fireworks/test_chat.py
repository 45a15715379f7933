"""Completions are read leniently: text, reason, usage, confidence."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import ChatCompletion, UnexpectedAnswer
from fw_assets.fireworks._answers import HttpResponse
from fw_assets.fireworks._completion import read_completion
from fw_assets.fireworks._fast_decode import completion_of, read_answer

from .fake import client_of, reply


def completion(message: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "choices": [{"index": 0, "message": message or {"content": "sales"}, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
    }


def read(body: dict[str, Any], latency: float = 0.0) -> ChatCompletion:
    """What both ways of reading an answer make of it: by its fields, and at once from its bytes."""
    content = json.dumps(body).encode()
    try:
        found = read_completion(body, latency)
    except UnexpectedAnswer:
        with pytest.raises(UnexpectedAnswer):
            completion_of(read_answer(HttpResponse(200, {}, content, "")), latency)
        raise
    at_once = completion_of(read_answer(HttpResponse(200, {}, content, "")), latency)
    assert at_once == found
    assert at_once.raw == found.raw == body
    return at_once


def test_a_completion_is_read_whole() -> None:
    found = read(completion(), 0.25)
    assert found == ChatCompletion(
        text="sales",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=2,
        cached_tokens=4,
        model="m",
        latency=0.25,
    )
    assert found.confidence is None
    assert found.raw["usage"]["prompt_tokens"] == 10


def test_confidence_is_the_product_of_the_token_probabilities() -> None:
    content = [
        {"token": "sa", "logprob": math.log(0.5), "top_logprobs": [{"token": "sa", "logprob": -0.7}]},
        {"token": "les", "logprob": math.log(0.8)},
    ]
    found = read(completion(logprobs={"content": content}))
    assert found.confidence == pytest.approx(0.4)
    assert found.logprobs[0].top == (("sa", -0.7),)


def test_the_older_logprobs_form() -> None:
    older = {
        "tokens": ["sa", "les"],
        "token_logprobs": [math.log(0.5), None],
        "top_logprobs": [{"sa": -0.7}, None],
    }
    found = read(completion(logprobs=older))
    assert found.confidence == pytest.approx(0.5)
    assert found.logprobs[0].top == (("sa", -0.7),)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None}, None),
        ({}, "sales"),
        ({"content": [{"type": "text", "text": "sa"}, {"type": "text", "text": "les"}]}, "sales"),
        ({"content": ""}, ""),
        ({"content": None, "refusal": "no", "reasoning_content": "hm"}, None),
    ],
)
def test_content_forms(message: dict[str, Any], text: str | None) -> None:
    found = read(completion(message))
    assert found.text == text
    assert found.refusal == message.get("refusal")


@pytest.mark.parametrize("body", [{}, {"choices": {}}, {"choices": None}, {"error": "x"}])
def test_an_answer_without_choices_is_unexpected(body: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        read(body)


def test_no_choice_is_no_text() -> None:
    found = read({"choices": [], "usage": None})
    assert (found.text, found.finish_reason, found.prompt_tokens) == (None, None, 0)


@pytest.mark.parametrize("body", [{"messages": [{}]}, {"model": "m"}, {"model": "", "messages": [{}]}])
def test_requests_that_cannot_be_answered_are_refused(body: dict[str, Any]) -> None:
    client, recorder, _ = client_of(lambda _: reply())
    with pytest.raises(ValueError, match="needs `model` and `messages`"):
        asyncio.run(client.chat(body))
    assert recorder.requests == []


@pytest.mark.parametrize(
    "logprobs",
    [
        {"content": [{"token": "x"}]},
        {"content": [7]},
        {"tokens": ["a"], "token_logprobs": ["?"]},
        [],
        "x",
        {},
    ],
)
def test_senseless_logprobs_are_left_out(logprobs: Any) -> None:
    found = read(completion(logprobs=logprobs))
    assert (found.text, found.confidence) == ("sales", None)


def test_a_stream_is_refused() -> None:
    client, _, _ = client_of(lambda _: reply())
    with pytest.raises(ValueError, match="stream"):
        asyncio.run(client.chat({"model": "m", "messages": [{}], "stream": True}))


def test_sixty_four_at_a_time() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return reply(200, completion({"content": json.loads(request.content)["messages"][0]["content"]}))

    client, _, _ = client_of(handle)

    async def ask(text: str) -> str | None:
        return (await client.chat({"model": "m", "messages": [{"role": "user", "content": text}]})).text

    async def all_of_them() -> list[str | None]:
        return await asyncio.gather(*(ask(str(number)) for number in range(64)))

    assert asyncio.run(all_of_them()) == [str(number) for number in range(64)]
