"""Chat completions: constrained, tuned, streamed, counted."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from fw_assets.embedded import counts
from fw_assets_tests.embedded.conftest import TEXTS, Client, deploy, grammar

BASE = "accounts/fireworks/models/char-ngram"
LABELS = ("billing question", "technical issue", "sales")
PATHS = ("/v1/chat/completions", "/inference/v1/chat/completions")


def body(text: str = "a billing question", **fields: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "Answer with a label."}, {"role": "user", "content": text}]
    return {
        "model": BASE,
        "messages": messages,
        "temperature": 0,
        "response_format": grammar(*LABELS),
    } | fields


def schema(property: dict[str, Any]) -> dict[str, Any]:
    inner = {"type": "object", "properties": {"label": property}, "required": ["label"]}
    return {"type": "json_schema", "json_schema": {"name": "label", "schema": inner}}


def content(reply: dict[str, Any]) -> str:
    return str(reply["choices"][0]["message"]["content"])


@pytest.mark.parametrize("path", PATHS)
def test_a_base_model_chooses_the_label_that_the_text_resembles(client: Client, path: str) -> None:
    reply = client.post(path, body())
    assert content(reply) == "billing question"
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["total_tokens"] == reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]


def test_a_schema_is_answered_in_json(client: Client) -> None:
    reply = client.post(PATHS[0], body(response_format=schema({"enum": list(LABELS)})))
    assert json.loads(content(reply)) == {"label": "billing question"}
    many = schema({"type": "array", "items": {"enum": list(LABELS)}, "minItems": 2, "maxItems": 2})
    labels = json.loads(content(client.post(PATHS[0], body(response_format=many))))["label"]
    assert len(labels) == 2
    assert "billing question" in labels


def test_a_base_model_without_choices_says_so(client: Client) -> None:
    for response_format in (None, {"type": "json_object"}, {"type": "text"}):
        refusal = client.post(PATHS[1], body(response_format=response_format), status=400)
        assert "chooses among given labels" in refusal["error"]["message"]


def test_the_log_probability_is_that_of_the_label(client: Client) -> None:
    reply = client.post(PATHS[0], body(logprobs=True, top_logprobs=3))
    (token,) = reply["choices"][0]["logprobs"]["content"]
    assert token["token"] == "billing question"
    assert math.isclose(sum(math.exp(top["logprob"]) for top in token["top_logprobs"]), 1, rel_tol=1e-6)
    assert token["logprob"] == max(top["logprob"] for top in token["top_logprobs"])
    in_json = client.post(PATHS[0], body(logprobs=True, response_format=schema({"enum": list(LABELS)})))
    tokens = in_json["choices"][0]["logprobs"]["content"]
    assert "".join(each["token"] for each in tokens) == content(in_json)
    assert math.isclose(sum(each["logprob"] for each in tokens), token["logprob"])


def test_a_temperature_draws_by_seed(client: Client) -> None:
    drawn = body("nothing in particular", temperature=2, seed=7, n=40)
    first, second = (client.post(PATHS[0], drawn)["choices"] for _ in range(2))
    assert first == second
    assert len({choice["message"]["content"] for choice in first}) > 1


def test_an_answer_longer_than_max_tokens_is_cut(client: Client) -> None:
    reply = client.post(PATHS[0], body(max_tokens=1))
    assert reply["choices"][0]["finish_reason"] == "length"
    assert "billing question".startswith(content(reply))
    assert reply["usage"]["completion_tokens"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": []},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": "x"},
        {"temperature": 3},
        {"n": 0},
        {"max_tokens": 0},
        {"max_tokens": 5, "max_completion_tokens": 5},
        {"top_logprobs": 6},
        {"logprobs": 2},
        {"response_format": grammar("same", "same", "")},
    ],
)
def test_a_wrong_request_is_refused_in_the_inference_envelope(client: Client, fields: dict[str, Any]) -> None:
    refusal = client.post(PATHS[0], body(**fields), status=400)
    assert refusal["error"]["type"] == "invalid_request_error"


def test_unknown_models_are_not_found(client: Client) -> None:
    for model in (
        "x",
        "accounts/fireworks/models/none",
        "accounts/local/models/none",
        "accounts/local/deployments/n",
    ):
        assert client.post(PATHS[0], body(model=model), status=404)["error"]["code"] == "NOT_FOUND"


def test_a_stream_adds_up_to_the_answer(client: Client) -> None:
    text = client.send("POST", PATHS[0], body(stream=True)).text
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    deltas = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    assert "".join(deltas) == "billing question"
    assert chunks[-1]["usage"]["completion_tokens"] > 0


def test_requests_are_counted(client: Client) -> None:
    for _ in range(3):
        client.post(PATHS[0], body())
    client.post(PATHS[0], body(messages=[]), status=400)
    assert counts(client.home)["inference_requests"] == 3


def ask(client: Client, model: str, text: str, **fields: Any) -> str:
    return content(client.post(PATHS[0], {"model": model, "messages": [{"role": "user", "content": text}]} | fields))


def test_a_tuned_model_answers_as_its_targets_did(client: Client) -> None:
    model = deploy(client, lambda label: json.dumps({"intent": label}))
    for label, texts in TEXTS.items():
        for text in texts:
            assert json.loads(ask(client, model, text)) == {"intent": label}
    constrained = grammar("billing", "sales")
    assert ask(client, model, "refund my invoice", response_format=constrained) == "billing"
    assert json.loads(ask(client, model, "refund my invoice", response_format={"type": "json_object"})) == {
        "intent": "billing"
    }


def test_a_multi_label_model_answers_lists(client: Client) -> None:
    model = deploy(client, lambda label: json.dumps({"labels": sorted({label, "sales"})}))
    assert json.loads(ask(client, model, "charged twice on the card")) == {"labels": ["billing", "sales"]}
    assert json.loads(ask(client, model, "buy more seats")) == {"labels": ["sales"]}


def test_the_served_models_are_listed(client: Client) -> None:
    listed = client.get("/inference/v1/models")
    assert BASE in [model["id"] for model in listed["data"]]


def test_the_openapi_document_names_every_call(client: Client) -> None:
    document = client.get("/openapi.json", headers={})
    assert document["openapi"].startswith("3.")
    assert {"post", "get"} <= document["paths"]["/v1/accounts/{account}/supervisedFineTuningJobs"].keys()
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_the_models_do_not_reason_and_refuse_every_effort_but_none(client: Client) -> None:
    assert content(client.post(PATHS[1], body(reasoning_effort="none"))) == "billing question"
    refused = client.send("POST", PATHS[1], body(reasoning_effort="low"))
    assert refused.status_code == 400
    assert "non-reasoning model does not support reasoning_effort" in refused.text


@pytest.mark.parametrize(
    ("fault", "effort", "status"),
    [("refused", "none", 400), ("refused", None, 200), ("ignored", "none", 200), ("required", "none", 400)],
)
def test_reasoning_is_rehearsed(client: Client, fault: str, effort: str | None, status: int) -> None:
    (client.home / "faults.json").write_text(json.dumps({"reasoning": fault}))
    reply = client.send("POST", PATHS[1], body(reasoning_effort=effort, max_tokens=9))
    assert reply.status_code == status
    if fault == "ignored":
        answer = reply.json()
        assert content(answer) == ""
        assert answer["choices"][0]["message"]["reasoning_content"]
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] == 9
