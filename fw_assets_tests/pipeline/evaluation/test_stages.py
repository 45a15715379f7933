"""Answers in two stages: what is sent, and what is made of both replies."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fw_assets.classification.arms.two_stage import two_stage_prompt
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import ChatCompletion, TokenLogprob
from fw_assets.pipeline.evaluation.candidate.evaluator import Evaluator
from fw_assets.pipeline.evaluation.stages import answer
from fw_assets_tests.classification.prompts import prompt_for

STAGED = two_stage_prompt(
    prompt_for(["billing/refund", "billing/invoice", "account/login", "account/close", "other"]), None
)
TEXT = '[{"role": "user", "content": "Where is my money?"}]'


def asked(*texts: str) -> tuple[ChatCompletion, list[Mapping[str, Any]]]:
    """The answer where the replies have these texts, each with probability 0.5."""
    bodies: list[Mapping[str, Any]] = []

    async def chat(body: Mapping[str, Any]) -> ChatCompletion:
        text = texts[len(bodies)]
        bodies.append(body)
        told = (TokenLogprob(text, math.log(0.5)),)
        return ChatCompletion(text, "stop", prompt_tokens=10, completion_tokens=2, logprobs=told, latency=0.25)

    return asyncio.run(answer(chat, "m", STAGED, TEXT, {"user": "x"})), bodies


def test_both_requests_are_one_answer() -> None:
    completion, bodies = asked("billing", "billing/refund")
    assert completion.text == "billing/refund"
    assert completion.confidence == pytest.approx(0.25)
    assert (completion.prompt_tokens, completion.completion_tokens, completion.latency) == (20, 4, 0.5)
    assert [body["model"] for body in bodies] == ["m", "m"]
    assert all(body["user"] == "x" for body in bodies)


@pytest.mark.parametrize(("first", "answered"), [("other", "other"), ("I cannot tell", "I cannot tell")])
def test_one_request_is_enough_where_one_label_is_left_or_none(first: str, answered: str) -> None:
    completion, bodies = asked(first)
    assert completion.text == answered
    assert len(bodies) == 1


def test_stages_are_asked_by_default_where_one_request_is_calibrated_both_ways() -> None:
    entry = SimpleNamespace(calibration="contextual")
    account = SimpleNamespace(plan=SimpleNamespace(model=lambda slug: SimpleNamespace(entry=entry)))

    def calibration(prompt: Prompt) -> str | None:
        evaluator = Evaluator(cast("Any", None), cast("Any", account), prompt, cast("Any", None), "m", "base")
        return evaluator.asked_both_ways().prompt.calibration

    flat = STAGED.model_copy(update={"stages": ()})
    assert (calibration(flat), calibration(STAGED)) == ("both", None)
