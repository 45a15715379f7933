"""Completions are read leniently: text, reason, usage, confidence."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import ChatCompletion, UnexpectedResponse
from fw_assets.fireworks._completion import parse_completion

from .fake import client_of, reply


def completion(message: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "choices": [{"index": 0, "message": message or {"content": "sales"}, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
    }


def test_a_completion_is_read_whole() -> None:
    parsed = parse_completion(completion(), 0.25)
    assert parsed == ChatCompletion(
        text="sales",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=2,
        cached_tokens=4,
        model="m",
        latency=0.25,
    )
    assert parsed.confidence is None


@pytest.mark.parametrize(
    ("given", "read"), [({"system_fingerprint": "fp-1"}, "fp-1"), ({"system_fingerprint": None}, "")]
)
def test_what_the_platform_says_that_it_serves_is_read(given: dict[str, Any], read: str) -> None:
    assert parse_completion({**completion(), **given}).fingerprint == read


def test_confidence_is_the_product_of_the_token_probabilities() -> None:
    content = [
        {"token": "sa", "logprob": math.log(0.5), "top_logprobs": [{"token": "sa", "logprob": -0.7}]},
        {"token": "les", "logprob": math.log(0.8)},
    ]
    parsed = parse_completion(completion(logprobs={"content": content}))
    assert parsed.confidence == pytest.approx(0.4)
    assert parsed.logprobs[0].top == (("sa", -0.7),)


def test_the_older_logprobs_form() -> None:
    older = {
        "tokens": ["sa", "les"],
        "token_logprobs": [math.log(0.5), None],
        "top_logprobs": [{"sa": -0.7}, None],
    }
    parsed = parse_completion(completion(logprobs=older))
    assert parsed.confidence == pytest.approx(0.5)
    assert parsed.logprobs[0].top == (("sa", -0.7),)


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
    parsed = parse_completion(completion(message))
    assert parsed.text == text
    assert parsed.refusal == message.get("refusal")


@pytest.mark.parametrize("body", [{}, {"choices": {}}, {"choices": None}, {"error": "x"}])
def test_an_answer_without_choices_is_unexpected(body: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_completion(body)


def test_no_choice_is_no_text() -> None:
    parsed = parse_completion({"choices": [], "usage": None})
    assert (parsed.text, parsed.finish_reason, parsed.prompt_tokens) == (None, None, 0)


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
    parsed = parse_completion(completion(logprobs=logprobs))
    assert (parsed.text, parsed.confidence) == ("sales", None)


@pytest.mark.parametrize("figure", [-5, 10**18, 10**40, math.inf, math.nan, "many", [1], {"a": 1}])
def test_a_usage_that_is_no_number_of_tokens_counts_as_none(figure: Any) -> None:
    parsed = parse_completion({"choices": [{}], "usage": {"prompt_tokens": figure, "completion_tokens": 3}})
    assert (parsed.prompt_tokens, parsed.completion_tokens) == (0, 3)


@pytest.mark.parametrize("value", [[1], "x", 5, {"a": [1]}])
def test_parts_of_the_wrong_kind_are_left_out(value: Any) -> None:
    message = {"content": value, "refusal": [value], "reasoning_content": [value]}
    for choice in ({"message": value}, {"message": message, "finish_reason": [value]}, value):
        parsed = parse_completion({"choices": [choice], "usage": value})
        assert (parsed.finish_reason, parsed.refusal, parsed.reasoning, parsed.prompt_tokens) == (None, None, None, 0)


@pytest.mark.parametrize(("logprob", "confidence"), [(1e308, 1.0), (math.nan, None), (-math.inf, 0.0)])
def test_a_confidence_is_a_probability_or_absent(logprob: float, confidence: float | None) -> None:
    logprobs = {"content": [{"token": "a", "logprob": logprob}] * 2}
    assert parse_completion(completion(logprobs=logprobs)).confidence == confidence


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
