"""Decisions as answers: the body that was planned, the answers of the embedded platform, and a model that has none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.classification.prompting.decision import decision_body, decision_prompt
from fw_assets.classification.prompting.prompt import Prompt, Shortlist
from fw_assets.embedded import api_key, create_app
from fw_assets.fireworks import BadRequest, Fireworks
from fw_assets.pipeline.evaluation.decision import DecidedAnswer, decide
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.workspace.workspace import Workspace

from .test_online import rows

BASE = "accounts/fireworks/models/char-ngram"


def prompt(*labels: str, many: bool = False) -> Prompt:
    return decision_prompt(
        Prompt(
            system=None,
            labels=labels,
            answers=None if many else labels,
            mode="json_schema" if many else "grammar",
            json_key="labels" if many else None,
            multi_label=many,
            max_tokens=64,
        )
    )


def run(folder: Path, asked: Prompt, transport: httpx.AsyncBaseTransport, key: str = "fw") -> InferenceResult:
    async def inside() -> InferenceResult:
        cache = ResponseCache(Workspace(str(folder)), "tickets", BASE, asked.digest)
        async with Fireworks(base_url="http://e", api_key=key, transport=transport) as client:
            return await ask(client, BASE, asked, rows(6), cache, what="base")

    return asyncio.run(inside())


@pytest.mark.parametrize("asked", [prompt("text 1", "text 2"), prompt("text 1", "text 2", many=True)])
def test_the_embedded_platform_answers_and_is_asked_once(tmp_path: Path, asked: Prompt) -> None:
    sent: list[Any] = []

    class Recorded(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append((request.url.path, json.loads(await request.aread())))
            return await super().handle_async_request(request)

    home = tmp_path / "platform"
    app = create_app(home)
    result = run(tmp_path, asked, Recorded(app), api_key(home))
    frame = result.predictions
    assert set(frame["outcome"]) == {"wrong_label"}  # the rows' own label is none of these
    assert result.usage.completion_tokens == 0 < result.usage.prompt_tokens
    assert all(0 < confidence <= 1 for confidence in frame["confidence"])
    assert sent[0] == ("/inference/v1/systemone", {"model": BASE, **decision_body(asked, rows(6)["messages"][0])})
    answers = list(result.requests.answers())
    assert all(answer.probabilities and set(answer.probabilities) == set(asked.labels) for answer in answers)
    if not asked.multi_label:
        by_text = dict(zip(frame["id"], frame["predicted"].to_list(), strict=True))
        assert by_text["train:2"] == ["text 1"]
        assert all(sum((answer.probabilities or {}).values()) == pytest.approx(1) for answer in answers)
    assert run(tmp_path, asked, Recorded(app), api_key(home)).sent == 0
    assert len(sent) == 6


def test_a_model_that_answers_no_decisions_is_told_by_the_first_row(tmp_path: Path) -> None:
    requests: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(400, json={"error": {"message": "this model does not support this API"}})

    with pytest.raises(BadRequest, match="does not support"):
        run(tmp_path, prompt("a", "b"), httpx.MockTransport(refuse))
    assert len(requests) == 1


def test_more_labels_than_a_request_has_are_asked_among_a_shortlist(tmp_path: Path) -> None:
    labels = tuple(f"text {number}" for number in range(300))
    asked = prompt(*labels).model_copy(update={"shortlist": Shortlist(options=208, digest="0")})
    bodies: list[Any] = []

    class Recorded(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            bodies.append(json.loads(await request.aread()))
            return await super().handle_async_request(request)

    home = tmp_path / "platform"
    chosen = labels[92:]

    async def inside() -> DecidedAnswer:
        transport = Recorded(create_app(home))
        async with Fireworks(base_url="http://e", api_key=api_key(home), transport=transport) as client:
            messages = rows(1)["messages"][0]
            with pytest.raises(ValueError, match="none is given"):
                await decide(client, BASE, asked, messages)
            return await decide(client, BASE, asked, messages, lambda _: chosen[::-1])

    decided = asyncio.run(inside())
    (body,) = bodies
    assert tuple(body["questions"]["label"]["criteria"]) == chosen  # in the order of the label set
    assert set(decided.probabilities) == set(labels)
    assert all(decided.probabilities[label] == 0 for label in labels[:92])
    assert sum(decided.probabilities.values()) == pytest.approx(1, abs=0.01)
    assert decided.completion.text in chosen
    plain = prompt(*labels)
    assert plain.digest != asked.digest
