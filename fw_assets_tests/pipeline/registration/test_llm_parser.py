"""The LLM parser: what it is asked, what of its answer is taken, and that nothing is used that nobody confirmed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.commands.register import confirmed_readings
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.llm_parser import UNREAD_FIELDS, read_clause, schema
from fw_assets_tests.fireworks.fake import Recorder, client_of

MODEL = "accounts/acme/models/reader"


def answering(said: object) -> tuple[Fireworks, Recorder]:
    text = said if isinstance(said, str) else json.dumps(said)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"models": []})
        message = {"role": "assistant", "content": text}
        return httpx.Response(200, json={"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    client, recorder, _ = client_of(handler)
    return client, recorder


def read(said: object, clause: str = "give every rare one more weight") -> tuple[dict[str, Any], Recorder]:
    client, recorder = answering(said)

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
    ("said", "taken"),
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
def test_only_fields_that_a_session_accepts_are_taken(said: object, taken: dict[str, Any]) -> None:
    assert read(said)[0] == taken


class AnsweringPlatform(Platform):
    """A platform without models of its own whose chat model says one thing."""

    def connect(self) -> Fireworks:
        return answering({"mitigation": "weight", "epochs": 3})[0]


PLATFORM = AnsweringPlatform("embedded", Path("nowhere"))
CLAUSE = "Sing and dance to the rare ones"
FIELDS = {"dataset": "x.jsonl", "models": ["a"], "instruction": f"{CLAUSE}."}


@pytest.mark.parametrize(("epochs_confirmed", "used"), [(True, {"mitigation": "weight", "epochs": 3}), (False, None)])
def test_a_reading_is_used_only_when_every_field_is_confirmed(
    epochs_confirmed: bool, used: dict[str, Any] | None
) -> None:
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question.strip())
        return epochs_confirmed or "epochs" not in question

    readings = confirmed_readings(PLATFORM, MODEL, FIELDS, {}, confirm=confirm)
    assert questions == ["Use mitigation: weight?", "Use epochs: 3?"]
    assert readings == ({CLAUSE: used} if used else {})


def test_where_nobody_can_be_asked_it_is_not_used() -> None:
    assert confirmed_readings(PLATFORM, MODEL, FIELDS, {}, confirm=None) == {}


def test_a_clause_that_was_confirmed_before_is_not_read_again() -> None:
    assert confirmed_readings(PLATFORM, MODEL, FIELDS, {CLAUSE: {}}, confirm=lambda _: True) == {}
