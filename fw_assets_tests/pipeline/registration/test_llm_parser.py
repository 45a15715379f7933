"""LLM parser: its request, and what is taken of its answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.registration.llm_parser import UNREAD_FIELDS, read_clause, schema
from fw_assets_tests.fireworks.fake import Recorder, client_of

MODEL = "accounts/acme/models/reader"


def client_answering(content: object) -> tuple[Fireworks, Recorder]:
    text = content if isinstance(content, str) else json.dumps(content)

    def handler(_: httpx.Request) -> httpx.Response:
        message = {"role": "assistant", "content": text}
        return httpx.Response(200, json={"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    client, recorder, _ = client_of(handler)
    return client, recorder


def read(content: object, clause: str = "give every rare one more weight") -> tuple[dict[str, Any], Recorder]:
    client, recorder = client_answering(content)

    async def ask() -> dict[str, Any]:
        async with client:
            return await read_clause(client, MODEL, clause)

    return asyncio.run(ask()), recorder


def test_the_request_holds_the_clause_and_a_schema_of_session_fields() -> None:
    _, recorder = read({})
    body = json.loads(recorder.requests[0].content)
    assert (body["model"], body["temperature"]) == (MODEL, 0)
    assert body["messages"][-1]["content"] == "give every rare one more weight"
    sent = body["response_format"]["json_schema"]["schema"]
    assert sent == schema()
    assert {"train_fraction", "mitigation", "max_spend_usd"} <= set(sent["properties"])
    assert not UNREAD_FIELDS & set(sent["properties"])
    assert sent["required"] == list(sent["properties"])
    assert all({"type": "null"} in field["anyOf"] for field in sent["properties"].values())


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ({"mitigation": "weight", "epochs": None}, {"mitigation": "weight"}),
        ({"mitigation": "louder", "epochs": 3}, {"epochs": 3}),
        ({"auto_approve_up_to_usd": 1000, "dataset": "/etc/passwd"}, {}),
        ({"train_fraction": 7, "no_such_field": 1, "seed": 42}, {}),
        ("I would set the weights.", {}),
        ("[1]", {}),
    ],
    ids=["a field", "one not allowed", "never these", "nothing that holds", "no JSON", "no object"],
)
def test_only_fields_that_a_session_accepts_are_taken(content: object, taken: dict[str, Any]) -> None:
    assert read(content)[0] == taken
