"""Rehearsed reasoning: what an answer holds that was cut off while its model was thinking."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.reasoning import check_effort, with_reasoning
from fw_assets.embedded.inference.token_counts import split_tokens
from fw_assets.embedded.store.faults import Faults


def asked(**fields: Any) -> ChatRequest:
    return ChatRequest(**{"model": "m", "messages": []} | fields)


def completion(choices: int = 1) -> dict[str, Any]:
    message = {"role": "assistant", "content": "billing"}
    return {
        "id": "c",
        "choices": [
            {"index": i, "message": message, "finish_reason": "stop", "logprobs": {"content": []}}
            for i in range(choices)
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": choices, "total_tokens": 7 + choices},
    }


@pytest.mark.parametrize("fault", ["ignored", "required"])
@pytest.mark.parametrize(("fields", "limit"), [({"max_tokens": 9}, 9), ({"max_completion_tokens": 40}, 40), ({}, 2048)])
@pytest.mark.parametrize("choices", [1, 3])
def test_all_tokens_of_every_choice_are_thoughts(
    fault: Literal["ignored", "required"], fields: dict[str, int], limit: int, choices: int
) -> None:
    (answer,) = with_reasoning([asked(**fields)], [completion(choices)], Faults(reasoning=fault))
    assert not isinstance(answer, RpcError)
    assert answer["id"] == "c"
    assert answer["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": limit * choices,
        "total_tokens": 7 + limit * choices,
    }
    assert [choice["index"] for choice in answer["choices"]] == list(range(choices))
    for choice in answer["choices"]:
        assert (choice["message"]["content"], choice["finish_reason"], choice["logprobs"]) == ("", "length", None)
        thought = choice["message"]["reasoning_content"]
        assert len(split_tokens(thought)) == limit
        assert thought.startswith("The user wants one label")


@pytest.mark.parametrize("fault", ["", "refused"])
def test_models_that_do_not_think_answer_as_they_are(fault: Literal["", "refused"]) -> None:
    answers: list[dict[str, Any] | RpcError] = [completion(), RpcError("INVALID_ARGUMENT", "no")]
    assert with_reasoning([asked(), asked()], answers, Faults(reasoning=fault)) == answers


def test_an_error_is_no_thought() -> None:
    error = RpcError("INVALID_ARGUMENT", "no")
    first, second = with_reasoning([asked(), asked(max_tokens=2)], [error, completion()], Faults(reasoning="ignored"))
    assert first is error
    assert not isinstance(second, RpcError)
    assert second["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize(
    ("fault", "effort", "refusal"),
    [
        ("refused", "none", "non-reasoning model does not support reasoning_effort"),
        ("required", "none", "'none' is not accepted by this thinking-only model"),
        ("required", None, ""),
        ("refused", None, ""),
        ("ignored", "none", ""),
        ("", "none", ""),
    ],
)
def test_an_effort_is_refused_as_the_rehearsed_models_do(
    fault: Literal["", "refused", "ignored", "required"], effort: str | None, refusal: str
) -> None:
    request, faults = asked(reasoning_effort=effort), Faults(reasoning=fault)
    if not refusal:
        check_effort(request, faults)
        return
    with pytest.raises(RpcError) as caught:
        check_effort(request, faults)
    assert refusal in caught.value.message
