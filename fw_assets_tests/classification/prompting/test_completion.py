from __future__ import annotations

import math
from typing import Any

import pytest

from fw_assets.classification.prompting.completion import Completion, answer_probability, read_completion


def body(**message: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}


def test_a_reply_is_read() -> None:
    assert read_completion(body(content="billing")) == Completion(
        text="billing", finish_reason="stop", prompt_tokens=12, completion_tokens=3
    )


def test_confidence_is_the_product_of_the_token_probabilities() -> None:
    reply = body(content="ab")
    reply["choices"][0]["logprobs"] = {
        "content": [{"token": "a", "logprob": math.log(0.5)}, {"token": "b", "logprob": math.log(0.4)}]
    }
    assert read_completion(reply).confidence == pytest.approx(0.2)
    assert answer_probability({"token_logprobs": [math.log(0.5), math.log(0.4)]}) == pytest.approx(0.2)


@pytest.mark.parametrize("logprobs", [None, {}, {"content": []}, {"content": [{"token": "a"}]}, {"content": None}, "x"])
def test_without_usable_logprobs_there_is_no_confidence(logprobs: Any) -> None:
    assert answer_probability(logprobs) is None


@pytest.mark.parametrize("broken", [{}, {"choices": []}, {"choices": None}, {"choices": [{}]}, {"choices": ["x"]}])
def test_a_body_without_a_message_is_a_transport_error(broken: dict[str, Any]) -> None:
    assert read_completion(broken).error is not None


def test_refusals_and_missing_content() -> None:
    assert read_completion(body(content=None, refusal="No.")).refusal == "No."
    assert read_completion(body(content=None, tool_calls=[])).text is None
