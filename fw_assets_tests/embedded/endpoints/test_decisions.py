"""Both forms of decisions: their replies, what they take, and what they refuse."""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx
import pytest
import zstandard

from fw_assets.embedded import counts
from fw_assets_tests.embedded.conftest import Client, grammar, is_random, wait

BASE = ""
"""The model of a request that names none: that of `every_kind_of_model`."""
SYSTEMONE = ("/inference/v1/systemone", "/v1/systemone")
DECISIONS = ("/inference/v1/decisions", "/v1/decisions")
CHOICE = {"type": "choice", "instructions": "Which team?", "criteria": {"billing": "invoices", "technical": None}}
NOUL = {"type": "noul", "instructions": "Is it about an invoice?"}
SCORE = {"type": "score", "instructions": "How urgent?", "criteria": ["calm", "urgent", "an emergency"]}


@pytest.fixture(autouse=True)
def every_kind_of_model(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "BASE", base)


def systemone(**fields: Any) -> dict[str, Any]:
    return {"model": BASE, "state": "a billing invoice", "questions": {"a": CHOICE, "b": NOUL, "c": SCORE}, **fields}


def decisions(**fields: Any) -> dict[str, Any]:
    questions = [
        {
            "type": "choice",
            "name": "team",
            "instructions": "Which?",
            "choices": [{"value": "billing", "description": "invoices"}, {"value": True}, {"value": False}],
        },
        {"type": "predicate", "instructions": "Is it about an invoice?"},
        {"type": "score", "instructions": "How urgent?", "levels": [{"label": "calm"}, {"label": "urgent"}]},
    ]
    return {"model": BASE, "input": "a billing invoice", "questions": questions, **fields}


@pytest.mark.parametrize("path", SYSTEMONE)
def test_a_systemone_reply_has_every_field(client: Client, path: str) -> None:
    reply = client.post(path, systemone())
    assert list(reply) == ["model", "answers", "usage"]
    assert list(reply["answers"]) == ["a", "b", "c"]
    choice, noul, score = reply["answers"].values()
    assert set(choice) == {"type", "choice", "confidence", "probabilities"}
    assert choice["choice"] == max(choice["probabilities"], key=choice["probabilities"].get)
    assert choice["choice"] == "billing" or is_random(BASE)
    assert set(noul) == {"type", "noul"}
    assert set(score) == {"type", "score", "confidence", "legend", "probabilities"}
    assert score["legend"] == {"0": "calm", "1": "urgent", "2": "an emergency"}
    assert sum(score["probabilities"].values()) == pytest.approx(1)
    assert score["score"] == pytest.approx(sum(int(level) * p for level, p in score["probabilities"].items()))
    assert reply["usage"]["input_tokens"] > 0
    assert (reply["usage"]["cached_input_tokens"], reply["usage"]["output_tokens"]) == (0, 0)


@pytest.mark.parametrize("path", DECISIONS)
def test_a_decisions_reply_has_every_field(client: Client, path: str) -> None:
    reply = client.post(path, decisions(safety_identifier="someone"))
    choice, predicate, score = reply["answers"]
    assert choice["name"] == "team"
    assert [item["value"] for item in choice["probabilities"]] == ["billing", True, False]
    assert predicate["name"] is None
    assert set(predicate) == {"type", "name", "probability"}
    assert [(item["value"], item["label"]) for item in score["probabilities"]] == [(0, "calm"), (1, "urgent")]
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] > usage["output_tokens"] == 0
    assert usage["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}
    assert usage["output_tokens_details"] == {"reasoning_tokens": 0}


def test_both_forms_give_the_same_answers(client: Client) -> None:
    options = [{"value": name, "description": text or ""} for name, text in CHOICE["criteria"].items()]  # type: ignore[attr-defined]
    question = {"type": "choice", "instructions": "Which team?", "choices": options}
    (answer,) = client.post(DECISIONS[0], decisions(questions=[question]))["answers"]
    other = client.post(SYSTEMONE[0], systemone())["answers"]["a"]
    assert {item["value"]: item["probability"] for item in answer["probabilities"]} == other["probabilities"]
    assert answer["confidence"] == other["confidence"]


MESSAGES = [
    {"role": "developer", "content": [{"type": "input_text", "text": "be brief"}]},
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_json", "data": {"ticket": "a billing invoice"}}]},
]
TOOLS = [
    {"type": "function_call", "call_id": "1", "name": "read", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "1", "output": "a billing invoice"},
]


@pytest.mark.parametrize("value", [MESSAGES, TOOLS])
def test_messages_and_tools_are_read(client: Client, value: Any) -> None:
    assert (
        client.post(DECISIONS[0], decisions(input=value))["answers"]
        == client.post(DECISIONS[0], decisions())["answers"]
    )


def criteria(count: int) -> dict[str, Any]:
    return {"q": {"type": "choice", "criteria": {f"option {number}": None for number in range(count)}}}


@pytest.mark.parametrize(
    "fields",
    [
        {"state": {"ticket": "x", "amount": 3}},
        {"state": ["x"]},
        {"state": ""},
        {"unknown": {"field": 1}},
        {"questions": criteria(2)},
        {"questions": criteria(208)},
        {"questions": {str(number): NOUL for number in range(256)}},
        {"questions": {"q": {"type": "noul", "criteria": {"false": "something else"}}}},
        {"questions": {"q": NOUL | {"criteria": None}}},
        {"questions": {"q": NOUL | {"instructions": {"ask": ["is it", "so"]}}}},
        {"questions": {"q": SCORE | {"criteria": ["a", {"level": "b"}]}}},
        {"questions": {"q": CHOICE | {"criteria": {"é ": {"text": ["deep"]}, "ü": ["list"]}}}},
    ],
)
def test_what_clients_send_is_taken(client: Client, fields: dict[str, Any]) -> None:
    assert (
        client.post(SYSTEMONE[0], systemone(**fields))["answers"].keys()
        == (fields.get("questions") or systemone()["questions"]).keys()
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": None}, "model"),
        ({"state": None}, "state"),
        ({"stream": True}, "stream"),
        ({"questions": {}}, "questions"),
        ({"questions": [CHOICE]}, "questions"),
        ({"questions": {"": CHOICE}}, "questions"),
        ({"questions": {str(number): NOUL for number in range(257)}}, "questions"),
        ({"questions": {"q": "noul"}}, "questions.q.type"),
        ({"questions": {"q": CHOICE | {"type": "ranking"}}}, "questions.q.type"),
        ({"questions": {"q": {"type": "noul"}}}, "questions.q"),
        ({"questions": {"q": NOUL | {"criteria": ["yes", "no"]}}}, "questions.q.criteria"),
        ({"questions": {"q": CHOICE | {"criteria": ["a", "b"]}}}, "questions.q.criteria"),
        ({"questions": criteria(1)}, "questions.q.criteria"),
        ({"questions": criteria(209)}, "questions.q.criteria"),
        ({"questions": {"q": SCORE | {"criteria": {"0": "low", "1": "high"}}}}, "questions.q.criteria"),
        ({"questions": {"q": SCORE | {"criteria": ["one"]}}}, "questions.q.criteria"),
        ({"questions": {"q": SCORE | {"criteria": ["level"] * 11}}}, "questions.q.criteria"),
    ],
)
def test_a_wrong_systemone_request_names_its_field(client: Client, fields: dict[str, Any], field: str) -> None:
    refusal = client.post(SYSTEMONE[0], systemone(**fields), status=400)
    assert refusal["error"]["object"] == "error"
    assert refusal["error"]["type"] == "invalid_request_error"
    assert refusal["detail"] == [
        {"loc": ["body", field], "msg": refusal["error"]["message"], "type": "INVALID_ARGUMENT"}
    ]


def question(**fields: Any) -> list[dict[str, Any]]:
    return [{"instructions": "?", **fields}]


@pytest.mark.parametrize(
    "fields",
    [
        {"input": None},
        {"input": []},
        {"input": ["text"]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]},
        {"input": [{"role": "tool", "content": "x"}]},
        {"input": [{"type": "reasoning"}]},
        {"input": TOOLS[1:]},
        {"questions": {}},
        {"questions": question(type="noul")},
        {"questions": [{"type": "predicate"}]},
        {"questions": question(type="predicate", instructions="")},
        {"questions": question(type="predicate", name=3)},
        {"questions": question(type="choice", choices=[{"value": "a"}])},
        {"questions": question(type="choice", choices=[{"value": "a"}, {"value": "a"}])},
        {"questions": question(type="choice", choices=[{"value": "a"}, {"value": 1}])},
        {"questions": question(type="choice", choices=[{"value": str(number)} for number in range(209)])},
        {"questions": question(type="score", levels=[{"label": "a"}, {}])},
        {"questions": question(type="score", levels=[{"label": "a"}])},
        {"questions": question(type="predicate") * 257},
    ],
)
def test_a_wrong_decisions_request_is_refused(client: Client, fields: dict[str, Any]) -> None:
    assert client.post(DECISIONS[0], decisions(**fields), status=400)["error"]["type"] == "invalid_request_error"


def test_other_refusals_have_both_envelopes_as_well(client: Client) -> None:
    refusal = client.post(SYSTEMONE[0], systemone(model="accounts/local/models/none"), status=404)
    assert refusal["error"]["code"] == "NOT_FOUND"
    assert refusal["detail"]["error_type"] == "not_found"
    refusal = client.call("POST", DECISIONS[0], decisions(), status=401, headers={})
    assert refusal["error"]["code"] == "UNAUTHENTICATED"
    assert refusal["detail"]["error_type"] == "authentication_error"
    assert client.send("POST", SYSTEMONE[0], content=b"{").status_code == 400
    assert client.send("POST", SYSTEMONE[0], content=b"[" * 100_000).status_code == 400
    assert client.send("GET", SYSTEMONE[0]).status_code == 405


def test_a_limit_is_told_with_the_time_to_wait(client: Client) -> None:
    (client.home / "settings.json").write_text('{"requests_per_minute": 1}')
    client.post(SYSTEMONE[0], systemone())
    refused = client.send("POST", SYSTEMONE[0], systemone())
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_a_deployment_is_asked_by_its_own_name_alone(client: Client) -> None:
    at = "accounts/local/deployments/d"
    body = {"baseModel": BASE, "deploymentShape": "default"}
    client.post("/v1/accounts/local/deployments?deploymentId=d", body)
    wait(lambda: client.get(f"/v1/{at}"), lambda item: bool(item["state"] == "READY"))
    chat = {"messages": [{"role": "user", "content": "an invoice"}], "response_format": grammar("billing", "sales")}
    asked = {SYSTEMONE[0]: systemone(), DECISIONS[0]: decisions(), "/inference/v1/chat/completions": chat}
    others = ("accounts/acme/deployments/d", f"{BASE}#accounts/acme/deployments/d", "accounts/fireworks/routers/rune")
    for path, body in asked.items():
        for name in (at, f"{BASE}#{at}"):
            client.post(path, body | {"model": name})
        for name in others:
            refused = client.post(path, body | {"model": name}, status=404)
            assert name in refused["error"]["message"]


def test_decisions_are_counted(client: Client) -> None:
    client.post(SYSTEMONE[0], systemone())
    client.post(DECISIONS[0], decisions())
    assert counts(client.home)["inference_requests"] == 2


@pytest.mark.parametrize("base", ["char-ngram"], indirect=True)
def test_a_compressed_body_over_a_socket(client: Client, url: str) -> None:
    body = json.dumps(systemone()).encode()
    headers = {"Authorization": f"Bearer {client.key}", "Content-Encoding": "zstd"}
    reply = httpx.post(f"{url}{SYSTEMONE[0]}", content=zstandard.compress(body), headers=headers, timeout=300)
    assert reply.json()["answers"] == client.post(SYSTEMONE[0], systemone())["answers"]


def test_the_list_of_models_has_both_forms(client: Client) -> None:
    listed = client.get("/inference/v1/models")
    assert [model["name"] for model in listed["models"]] == [model["id"] for model in listed["data"]]
