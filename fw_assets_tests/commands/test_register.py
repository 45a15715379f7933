"""Registration from the command line: nothing that a chat model read is used unless a person confirmed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.commands.register import confirmed_readings
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform
from fw_assets_tests.fireworks.fake import client_of

MODEL = "accounts/acme/models/reader"


class AnsweringPlatform(Platform):
    """A platform that lists no models, and whose chat model reads the same in every clause."""

    def connect(self) -> Fireworks:
        def handler(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return httpx.Response(200, json={"models": []})
            message = {"role": "assistant", "content": json.dumps({"mitigation": "weight", "epochs": 3})}
            return httpx.Response(200, json={"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

        return client_of(handler)[0]


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
