"""Language models that a server answers for, over real sockets: base and tuned models, restarts, refusals."""

from __future__ import annotations

import json
import math
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fw_assets_tests.embedded.conftest import Client, grammar, row
from fw_assets_tests.embedded.inference_server.conftest import BASE, LABELS, Tuned
from fw_assets_tests.inference_servers import InferenceServerDouble, Maker, inference_server

CHAT = "/inference/v1/chat/completions"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[InferenceServerDouble]:
    with inference_server() as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        yield server


def body(model: str, text: str = "the sales team", **fields: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "One label."}, {"role": "user", "content": text}]
    return {"model": model, "messages": messages, **fields}


def said(platform: Client, model: str, text: str = "the sales team", **fields: Any) -> str:
    return str(platform.post(CHAT, body(model, text, **fields))["choices"][0]["message"]["content"])


def refused(platform: Client, model: str, **fields: Any) -> tuple[int, str]:
    response = platform.send("POST", CHAT, body(model, response_format=grammar(*LABELS), **fields))
    return response.status_code, response.json()["error"]["message"]


def test_a_base_model_chooses_there_with_the_probabilities_of_all_labels(
    platform: Client, server: InferenceServerDouble
) -> None:
    fields: dict[str, Any] = {"response_format": grammar(*LABELS), "logprobs": True, "top_logprobs": 3}
    choice = platform.post(CHAT, body(BASE, **fields))["choices"][0]
    assert choice["message"]["content"] == "sales"
    (token,) = choice["logprobs"]["content"]
    found = {top["token"]: math.exp(top["logprob"]) for top in token["top_logprobs"]}
    assert found == pytest.approx({"sales": 6 / 8, "billing": 1 / 8, "bill of sale": 1 / 8})
    (asked,) = server.asked
    assert asked["structured_outputs"] == {"choice": list(LABELS)}
    assert asked["messages"] == body(BASE)["messages"]
    assert (asked["model"], asked["temperature"]) == ("tiny", 0)
    assert asked["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}


def test_without_choices_it_writes_as_it_is_asked_to(platform: Client, server: InferenceServerDouble) -> None:
    text = said(platform, BASE, "hello", temperature=0.7, seed=3, max_tokens=40)
    assert text == "tiny says hello"
    (asked,) = server.asked
    assert (asked["temperature"], asked["seed"], asked["max_tokens"]) == (0.7, 3, 40)
    assert "structured_outputs" not in asked
    streamed = platform.send("POST", CHAT, body(BASE, "hello", stream=True)).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == text


def test_the_fields_of_written_answers_are_sent_where_they_change_something(
    platform: Client, server: InferenceServerDouble
) -> None:
    plain = {"model", "messages", "chat_template_kwargs", "temperature", "max_tokens", "logprobs"}
    said(platform, BASE, "hello", user="me", stop=None, top_p=0.5, top_k=3, presence_penalty=0, n=2, seed=0)
    assert [set(asked) for asked in server.asked] == [plain | {"seed"}] * 2, "nothing is drawn at temperature 0"
    assert [asked["seed"] for asked in server.asked] == [0, 1]
    penalties: dict[str, Any] = {"presence_penalty": 0.5, "frequency_penalty": -1.5}
    drawn: dict[str, Any] = {"temperature": 0.7, "top_p": 0.9, "top_k": 40, **penalties}
    said(platform, BASE, "hello", **drawn, stop=["\n", "END"], max_completion_tokens=9)
    asked = server.asked[-1]
    assert set(asked) == plain | {"stop", *drawn}
    assert {name: asked[name] for name in drawn} == drawn
    assert (asked["stop"], asked["max_tokens"]) == (["\n", "END"], 9)
    said(platform, BASE, "hello", temperature=0.7, top_p=0, stop="says")
    assert (server.asked[-1]["temperature"], server.asked[-1]["stop"]) == (0, ["says"])
    said(platform, BASE, **drawn, stop="s", response_format=grammar(*LABELS), logit_bias={"7": 1}, tools=[{}])
    assert not {"stop", *drawn} - {"temperature"} & set(server.asked[-1]), "labels are chosen whole"


def test_a_batch_job_sends_the_fields_of_written_answers(platform: Client, server: InferenceServerDouble) -> None:
    extra = {"stop": "END", "presence_penalty": 1}
    parameters = {"temperature": 0.5, "topP": 0.8, "topK": 4, "maxTokens": 7, "extraBody": json.dumps(extra)}
    rows = [{"custom_id": "one", "body": {"messages": [{"role": "user", "content": "hello"}]}}]
    job = batch(platform, rows, parameters)
    assert job["jobProgress"]["successfullyProcessedRequests"] == 1, job
    (asked,) = server.asked
    assert (asked["temperature"], asked["top_p"], asked["top_k"], asked["max_tokens"]) == (0.5, 0.8, 4, 7)
    assert (asked["stop"], asked["presence_penalty"]) == (["END"], 1)


def test_an_answer_ends_at_its_stop_where_the_server_knows_none(
    platform: Client, server: InferenceServerDouble
) -> None:
    server.refused = {"stop"}
    for _ in range(2):
        assert said(platform, BASE, "hello", stop=["hel", "no such"]) == "tiny says "
    assert ["stop" in asked for asked in server.asked] == [True, False, False]


def test_a_field_that_the_server_refuses_is_one_error_with_its_words(
    platform: Client, server: InferenceServerDouble
) -> None:
    server.refused = {"top_k"}
    response = platform.send("POST", CHAT, body(BASE, "hello", temperature=1, top_k=3))
    assert response.status_code == 400
    assert "refuses the request (400): Unrecognized request argument supplied: top_k" in response.text
    assert said(platform, BASE, "hello", temperature=1) == "tiny says hello"


@pytest.mark.parametrize("maker", ["vllm", "vllm-0.11", "sglang", "llama.cpp", "ollama", "strict"])
def test_every_maker_is_asked_in_the_way_that_it_has(
    platform: Client, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inference_server(maker) as server:
        monkeypatch.setenv("FW_INFERENCE_URL", f"{server.url}/v1/")
        for label in LABELS * 2:
            assert said(platform, BASE, f"about {label}", response_format=grammar(*LABELS)) == label
        assert len(server.asked) < 24
        assert said(platform, BASE, "hello") == "tiny says hello"


def test_a_server_that_follows_no_choices_is_no_answer(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with inference_server("deaf") as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        status, message = refused(platform, BASE)
    assert status == 400
    assert "does not hold an answer to its choices in any known way: it answered 'tiny says the sales team'" in message


def test_an_adapter_is_loaded_once_and_again_after_a_restart(
    platform: Client, server: InferenceServerDouble, tuned: Tuned
) -> None:
    one, two = tuned("one"), tuned("two")
    for model in (one, two, one):
        assert said(platform, model, response_format=grammar(*LABELS)) == "sales"
    assert [path for path, _ in server.requests].count("/v1/load_lora_adapter") == 2
    assert {name.rpartition("-")[0]: path for name, path in server.adapters.items()} == {
        id: str(platform.home / "models" / id) for id in ("one", "two")
    }
    assert [asked["model"].rpartition("-")[0] for asked in server.asked] == ["one", "two", "one"]
    server.adapters.clear()  # as by a restart
    assert said(platform, one, "hello").startswith("one-")
    assert len(server.adapters) == 1


def test_an_adapter_is_unloaded_when_its_model_is_deleted(
    platform: Client, server: InferenceServerDouble, tuned: Tuned
) -> None:
    name = tuned("one")
    said(platform, name, "hello")
    platform.call("DELETE", "/v1/accounts/local/deployments/one-up?ignoreChecks=true")
    platform.call("DELETE", f"/v1/{name}")
    assert server.adapters == {}
    tuned("two")
    server.shutdown()
    server.server_close()
    platform.call("DELETE", "/v1/accounts/local/deployments/two-up?ignoreChecks=true")
    platform.call("DELETE", "/v1/accounts/local/models/two")


def test_adapters_are_copied_to_where_the_server_sees_them(
    platform: Client, server: InferenceServerDouble, tuned: Tuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, there = tmp_path / "shared", tmp_path / "there"
    shared.mkdir()
    there.symlink_to(shared)
    monkeypatch.setenv("FW_INFERENCE_ADAPTERS", f"{shared}:{there}")
    name = tuned("one")
    assert said(platform, name, "hello").startswith("one-")
    (path,) = server.adapters.values()
    assert path.startswith(str(there))
    assert sorted(file.name for file in Path(path).iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    platform.call("DELETE", "/v1/accounts/local/deployments/one-up?ignoreChecks=true")
    platform.call("DELETE", f"/v1/{name}")
    assert list(shared.iterdir()) == []


def test_sglang_loads_under_its_own_path_and_is_asked_for_base_and_adapter(
    platform: Client, tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inference_server("sglang") as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        assert said(platform, tuned("one"), response_format=grammar(*LABELS)) == "sales"
        assert server.asked[-1]["model"].startswith("tiny:one-")


@pytest.mark.parametrize("manifest", [{"readout": "head"}, {"adapted_prefix": False}])
def test_an_adapter_that_no_other_server_reads_alike_is_answered_here(
    platform: Client, server: InferenceServerDouble, tuned: Tuned, manifest: dict[str, Any]
) -> None:
    """Here the weights are no model at all, which is said of this machine."""
    name = tuned("one", **manifest)
    status, message = refused(platform, name)
    assert status in (400, 412)
    assert "FW_INFERENCE" not in message
    assert server.asked == []
    assert "answeredBy" not in platform.get(f"/v1/{name}")


def test_a_server_without_adapters_is_one_error(platform: Client, server: InferenceServerDouble, tuned: Tuned) -> None:
    server.has_lora = False
    status, message = refused(platform, tuned("one"))
    assert status == 400
    assert "takes no adapters" in message
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve" in message


def test_an_adapter_that_the_server_cannot_read_or_hold_is_one_error(
    platform: Client, server: InferenceServerDouble, tuned: Tuned
) -> None:
    status, message = refused(platform, tuned("wide", rank=32))
    assert status == 400
    assert "LoRA rank 32 is greater than max_lora_rank 16" in message
    assert "--max-lora-rank 64" in message
    name = tuned("far")
    server.answer = lambda path, body: (404, {"error": {"message": f"No adapter found for {body['lora_path']}"}})  # type: ignore[method-assign]
    server.base = "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FW_INFERENCE_MODEL", "tiny")
        status, message = refused(platform, name)
    assert status == 400
    assert "set FW_INFERENCE_ADAPTERS to a folder that both see" in message


def test_a_server_that_is_down_is_one_error_that_names_setting_and_address(
    platform: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("FW_INFERENCE_URL", address)
    status, message = refused(platform, BASE)
    assert status == 503
    assert f"the inference server at {address} (FW_INFERENCE_URL) does not answer" in message
    assert "unset the variable" in message


def test_a_busy_server_is_passed_on_with_its_wait(platform: Client, server: InferenceServerDouble) -> None:
    for status in (429, 503):
        server.trouble.append((status, {"Retry-After": "7"}))
        response = platform.send("POST", CHAT, body(BASE, response_format=grammar(*LABELS)))
        assert (response.status_code, response.headers["Retry-After"]) == (status, "7")
        assert "busy" in response.json()["error"]["message"]
    assert said(platform, BASE, response_format=grammar(*LABELS)) == "sales"


def test_the_key_is_sent_and_never_said(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with inference_server(key="right-key") as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        status, message = refused(platform, BASE)
        assert (status, "set FW_INFERENCE_KEY" in message) == (400, True)
        monkeypatch.setenv("FW_INFERENCE_KEY", "wrong-key")
        status, message = refused(platform, BASE)
        assert status == 400
        assert "refuses the key in FW_INFERENCE_KEY" in message
        assert "wrong-key" not in message
        monkeypatch.setenv("FW_INFERENCE_KEY", "right-key")
        assert said(platform, BASE, response_format=grammar(*LABELS)) == "sales"
        assert server.keys[-1] == "Bearer right-key"


def test_a_base_model_is_known_by_its_names_or_by_the_setting(
    platform: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inference_server(base="other/name") as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        status, message = refused(platform, BASE)
        assert status == 400
        assert "lists no model that is tiny (it has: other/name)" in message
        assert "set FW_INFERENCE_MODEL=tiny=NAME_THERE" in message
        for value in ("tiny=other/name", "other/name", "more=x, tiny=other/name"):
            monkeypatch.setenv("FW_INFERENCE_MODEL", value)
            assert said(platform, BASE, response_format=grammar(*LABELS)) == "sales"
    monkeypatch.delenv("FW_INFERENCE_MODEL")
    with inference_server(base="owner/tiny") as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        assert said(platform, BASE, response_format=grammar(*LABELS)) == "sales"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FW_INFERENCE_URL", "localhost:8000", "FW_INFERENCE_URL is no address that can be asked"),
        ("FW_INFERENCE_URL", "http://me:secret@host", "without user, password and query"),
        ("FW_INFERENCE_KEY", "bäd", "FW_INFERENCE_KEY has a character that no key has"),
        ("FW_INFERENCE_MODEL", "=x", "FW_INFERENCE_MODEL: '=x'; expected NAME=NAME_THERE"),
        ("FW_INFERENCE_ADAPTERS", "/nowhere/at/all", "FW_INFERENCE_ADAPTERS: '/nowhere/at/all' is no folder"),
    ],
)
def test_a_wrong_setting_is_named(
    platform: Client, server: InferenceServerDouble, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    status, message = refused(platform, BASE)
    assert status == 400
    assert words in message
    assert "secret" not in message
    listed = platform.get("/v1/accounts/fireworks/models")["models"]
    assert "secret" not in json.dumps(listed)


def test_one_text_that_is_refused_takes_no_other_along(platform: Client, server: InferenceServerDouble) -> None:
    rows = [
        {"custom_id": str(n), "body": {"messages": row("x" * length, "")["messages"][:1]}}
        for n, length in enumerate((5, 6000, 5))
    ]
    job = batch(platform, rows)
    assert job["state"] == "JOB_STATE_COMPLETED", job["status"]
    assert job["jobProgress"]["successfullyProcessedRequests"] == 2
    errors = (platform.home / "datasets" / "out" / "errors.jsonl").read_text("utf-8")
    assert "maximum context length" in errors


def test_a_batch_job_waits_for_a_server_that_is_busy(platform: Client, server: InferenceServerDouble) -> None:
    server.trouble += [(503, {"Retry-After": "0.1"}), (429, {})]
    rows = [
        {"custom_id": str(n), "body": {"messages": row(f"the {label}", "")["messages"][:1]}}
        for n, label in enumerate(LABELS)
    ]
    job = batch(platform, rows)
    assert job["state"] == "JOB_STATE_COMPLETED", job["status"]
    lines = (platform.home / "datasets" / "out" / "results.jsonl").read_text("utf-8").splitlines()
    results = [json.loads(line) for line in lines]
    texts = [result["response"]["choices"][0]["message"]["content"] for result in results]
    assert texts == list(LABELS)


def batch(platform: Client, rows: list[dict[str, Any]], parameters: dict[str, Any] | None = None) -> Any:
    platform.dataset("in", rows)
    fields = {
        "model": BASE,
        "inputDatasetId": "accounts/local/datasets/in",
        "outputDatasetId": "accounts/local/datasets/out",
        "inferenceParameters": parameters or {"extraBody": json.dumps({"response_format": grammar(*LABELS)})},
    }
    platform.post("/v1/accounts/local/batchInferenceJobs?batchInferenceJobId=b", fields)
    return platform.finished("b", "batchInferenceJobs")


def test_decisions_are_read_there_too(platform: Client, server: InferenceServerDouble, tuned: Tuned) -> None:
    question = {"type": "choice", "instructions": "Which team?", "criteria": dict.fromkeys(LABELS)}
    for model in (BASE, tuned("one")):
        answer = platform.post(
            "/inference/v1/systemone", {"model": model, "state": "the sales team", "questions": {"team": question}}
        )
        assert answer["answers"]["team"]["choice"] == "sales", answer
    assert len(server.asked) == 2


def test_the_catalogue_says_where_a_model_is_answered(
    platform: Client, server: InferenceServerDouble, tuned: Tuned
) -> None:
    listed = {item["name"]: item for item in platform.get("/v1/accounts/fireworks/models")["models"]}
    assert listed[BASE]["answeredBy"] == server.url
    assert listed[BASE]["status"]["code"] == "OK"
    assert "answeredBy" not in listed["accounts/fireworks/models/char-ngram"]
    name = tuned("one")
    assert platform.get(f"/v1/{name}")["answeredBy"] == server.url
    (own,) = platform.get("/v1/accounts/local/models")["models"]
    assert own["answeredBy"] == server.url


def test_other_models_are_answered_here(platform: Client, server: InferenceServerDouble) -> None:
    assert said(platform, "accounts/fireworks/models/char-ngram", response_format=grammar(*LABELS)) == "sales"
    assert server.requests == []


def test_a_damaged_adapter_is_not_sent(platform: Client, server: InferenceServerDouble, tuned: Tuned) -> None:
    name = tuned("one")
    shutil.copyfile(
        platform.home / "models" / "one" / "manifest.json",
        platform.home / "models" / "one" / "adapter_model.safetensors",
    )
    status, message = refused(platform, name)
    assert (status, "damaged" in message) == (400, True)
    assert server.adapters == {}


FIELDS = [
    {"path": ["intent"], "values": ['"sales"', '"billing"'], "types": []},
    {"path": ["order", "urgent"], "values": ["true", "false"], "types": []},
    {"path": ["order", "id"], "values": None, "types": ["string"]},
]


def test_objects_of_several_fields_are_written_there(
    platform: Client, server: InferenceServerDouble, tuned: Tuned
) -> None:
    server.written = '{"intent": "sales",\n "order": {"urgent": true, "id": "A-\\"7"}}'
    properties = {
        "intent": {"enum": ["billing", "sales"]},
        "order": {"type": "object", "properties": {"urgent": {"type": "boolean"}, "id": {"type": "string"}}},
    }
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}
    model = tuned("one", labels=[], fields=FIELDS, notes={"answer": {"key": None, "many": False, "spaced": True}})
    some: dict[str, Any] = {"response_format": schema}
    for name, fields in ((BASE, some), (model, {}), (model, some)):
        choice = platform.post(CHAT, body(name, logprobs=True, top_logprobs=2, **fields))["choices"][0]
        assert json.loads(choice["message"]["content"]) == {"intent": "sales", "order": {"urgent": True, "id": 'A-"7'}}
        assert [token["logprob"] for token in choice["logprobs"]["content"]][1] < 0
    asked = server.asked[0]["response_format"]["json_schema"]["schema"]
    assert asked["properties"]["intent"] == {"enum": ["billing", "sales"]}
    assert list(asked["properties"]["order"]["properties"]) == ["urgent", "id"]
    for wrong in ("sales", '{"intent": "nothing", "order": {"urgent": true, "id": "7"}}'):
        server.written = wrong
        response = platform.send("POST", CHAT, body(BASE, response_format=schema))
        assert response.status_code == 400
        assert "does not hold an answer to its JSON schema" in response.text
