"""A language model through the API: listed, asked, tuned, served, and asked again."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.device.lease import device_lease
from fw_assets_tests.embedded.conftest import Client, grammar, row, wait
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder
from fw_assets_tests.embedded.jobs.test_job_queue import workers

BASE = "accounts/fireworks/models/tiny-llama"
WORDS = {"refund": "money back please", "card arrival": "where is my card", "greeting": "good morning to you"}
SYSTEM = "Answer with exactly one label."


@pytest.fixture
def platform(language_models: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    return client


def ask(client: Client, model: str, text: str, **fields: Any) -> Any:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return client.post("/inference/v1/chat/completions", {"model": model, "messages": messages, **fields})


def rows(copies: int = 10) -> list[dict[str, Any]]:
    made = [row(f"{text} {n}", label) for n in range(copies) for label, text in WORDS.items()]
    for item in made:
        item["messages"].insert(0, {"role": "system", "content": SYSTEM})
    return made


def tune(client: Client, id: str, **fields: Any) -> Any:
    grid = {"loraRank": 4, "learningRate": 0.01, "epochs": 3, "batchSizeSamples": 8}
    client.job(id, baseModel=BASE, **{**grid, **fields})
    job = client.finished(id, seconds=120)
    assert job["state"] == "JOB_STATE_COMPLETED", job
    return job


def deploy(client: Client, id: str) -> str:
    model = f"accounts/local/models/{id}-model"
    body = {"baseModel": model, "deploymentShape": "default"}
    client.post(f"/v1/accounts/local/deployments?deploymentId={id}-up", body)
    path = f"/v1/accounts/local/deployments/{id}-up"
    wait(lambda: client.get(path), lambda document: document["state"] == "READY")
    return f"{model}#accounts/local/deployments/{id}-up"


def test_the_catalogue_lists_it_with_its_size_and_context(platform: Client) -> None:
    listed = {model["name"]: model for model in platform.get("/v1/accounts/fireworks/models")["models"]}
    model = listed[BASE]
    assert model["status"]["code"] == "OK"
    assert model["contextLength"] == 512
    assert model["supervisedLoraTunable"]
    assert "LlamaForCausalLM with its chat template" in model["description"]
    absent = listed["accounts/fireworks/models/smollm2-135m"]["status"]
    assert absent["code"] == "FAILED_PRECONDITION"
    assert "fw-assets setup llm" in absent["message"]


def test_the_catalogue_tells_its_speed_by_the_device_and_then_by_its_jobs(platform: Client) -> None:
    def throughput() -> Any:
        listed = {model["name"]: model for model in platform.get("/v1/accounts/fireworks/models")["models"]}
        assert "throughput" not in listed["accounts/fireworks/models/char-ngram"]
        return listed[BASE]["throughput"]

    before = throughput()
    assert (before["basis"], before["rowsForTrial"], before["trainsOnInstructions"]) == ("device", 20, False)
    platform.dataset("train", rows(4))
    job = tune(platform, "one", epochs=1)
    after = throughput()
    assert after["basis"] == "jobs"
    assert after["trainingTokensPerSecond"] == job["resourceUse"]["tokensPerSecond"]
    assert after["scoringTokensPerSecond"] == before["scoringTokensPerSecond"]


def test_a_base_model_chooses_among_labels_and_writes_without(platform: Client) -> None:
    chosen = ask(platform, BASE, "where is my card", response_format=grammar(*WORDS), logprobs=True, top_logprobs=3)
    choice = chosen["choices"][0]
    assert choice["message"]["content"] in WORDS
    assert len(choice["logprobs"]["content"][0]["top_logprobs"]) == 3
    free = ask(platform, BASE, "where is my card", max_tokens=5)
    assert free["choices"][0]["finish_reason"] in ("stop", "length")
    again = ask(platform, BASE, "where is my card", max_tokens=5)
    assert again["choices"] == free["choices"]
    streamed = platform.send(
        "POST",
        "/inference/v1/chat/completions",
        {
            "model": BASE,
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "where is my card"}],
            "max_tokens": 5,
            "stream": True,
        },
    ).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events if event["choices"])
    assert text.rstrip() == free["choices"][0]["message"]["content"].rstrip()


def test_calibration_is_a_field_of_requests_to_base_models(platform: Client) -> None:
    listed = {model["name"]: model for model in platform.get("/v1/accounts/fireworks/models")["models"]}
    assert listed[BASE]["defaultCalibration"] == "contextual"
    encoder = BASE.replace("tiny-llama", "char-ngram")
    assert listed[encoder]["defaultCalibration"] == "none"
    fields: dict[str, Any] = {"response_format": grammar(*WORDS), "logprobs": True, "top_logprobs": 3}
    default, contextual, none, both = (
        ask(platform, BASE, "where is my card", **fields, **way)["choices"][0]
        for way in ({}, {"calibration": "contextual"}, {"calibration": "none"}, {"calibration": "both"})
    )
    assert default == contextual
    assert none["logprobs"] != default["logprobs"]
    said = both.pop("uncalibrated")
    for one, other in ((both, default), (said, none)):
        assert one["message"] == other["message"]
        assert one["finish_reason"] == other["finish_reason"]
        assert one["logprobs"]["content"][0]["logprob"] == pytest.approx(
            other["logprobs"]["content"][0]["logprob"], abs=1e-4
        )
    properties = {"intent": {"enum": list(WORDS)}, "urgent": {"enum": ["yes", "no"]}}
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}
    record = ask(platform, BASE, "my card", response_format=schema, calibration="both")["choices"][0]
    assert json.loads(record["uncalibrated"]["message"]["content"]).keys() == properties.keys()
    plain = ask(platform, encoder, "my card", response_format=grammar(*WORDS))
    assert (
        ask(platform, encoder, "my card", response_format=grammar(*WORDS), calibration="none")["choices"]
        == (plain["choices"])
    )
    for model, way, why in (
        (BASE, "prior", "calibration: 'prior'; expected one of contextual, none, both"),
        (encoder, "both", "calibration: 'both'; this model has none"),
    ):
        messages = [{"role": "user", "content": "my card"}]
        body = {"model": model, "messages": messages, "response_format": grammar(*WORDS), "calibration": way}
        refused = platform.send("POST", "/inference/v1/chat/completions", body)
        assert refused.status_code == 400
        assert why in refused.text


def test_a_model_that_was_added_again_with_other_weights_answers_with_them(platform: Client, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"response_format": grammar(*WORDS), "logprobs": True, "top_logprobs": 3}
    answers = []
    for name, spread in (("one", 0.1), ("other", 0.3)):
        add_language_model("again", str(make_folder("llama", tmp_path / name, initializer_range=spread)))
        answers.append(_log_probabilities(ask(platform, BASE.replace("tiny-llama", "again"), "my card", **fields)))
    assert answers[0] != answers[1]


def test_objects_of_several_fields_are_written_by_a_base_model(platform: Client) -> None:
    properties = {"intent": {"enum": list(WORDS)}, "urgent": {"enum": ["yes", "no"]}, "name": {"type": "string"}}
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}
    answer = json.loads(ask(platform, BASE, "my card", response_format=schema)["choices"][0]["message"]["content"])
    assert answer["intent"] in WORDS
    assert answer["urgent"] in ("yes", "no")
    assert isinstance(answer["name"], str)


def test_objects_of_several_fields_are_learned_and_written(platform: Client) -> None:
    records = [
        {
            "intent": label,
            "urgent": n % 2 == 0,
            "name": f"n{n % 7}{label[:2]}",
            "tags": [label[:4], *(["now"] if n % 2 == 0 else [])],
            "more": {f"k{n}": n},
        }
        for n in range(10)
        for label in WORDS
    ]
    texts = [f"{WORDS[str(record['intent'])]} {'now' if record['urgent'] else 'later'}" for record in records]
    platform.dataset("train", [row(text, json.dumps(record)) for text, record in zip(texts, records, strict=True)])
    tune(platform, "one", epochs=30)
    model = deploy(platform, "one")
    path = "/inference/v1/chat/completions"
    for text, record in zip(texts[:3], records, strict=False):
        messages = [{"role": "user", "content": text}]
        written = platform.post(path, {"model": model, "messages": messages})["choices"][0]["message"]["content"]
        answer = json.loads(written)
        assert list(answer) == ["intent", "urgent", "name", "tags", "more"]
        assert answer["tags"]
        assert set(answer["tags"]) <= {"now", *(label[:4] for label in WORDS)}
        assert isinstance(answer["more"], dict)
        assert answer["intent"] == record["intent"]
        assert isinstance(answer["urgent"], bool)
        assert isinstance(answer["name"], str)
    manifest = json.loads((platform.home / "models" / "one-model" / "manifest.json").read_text("utf-8"))
    assert manifest["readout"] == "generate"
    free = {".".join(field["path"]): field["values"] is None for field in manifest["fields"]}
    assert free == {"intent": False, "urgent": False, "name": True, "tags": False, "more": True}
    properties = {"intent": {"enum": ["refund", "greeting"]}, "name": {"type": "string"}}
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}
    body = {"model": model, "messages": [{"role": "user", "content": texts[0]}], "response_format": schema}
    choice = platform.post(path, body | {"logprobs": True, "top_logprobs": 2})["choices"][0]
    assert list(json.loads(choice["message"]["content"])) == ["intent", "name"]
    values = [token for token in choice["logprobs"]["content"] if token["logprob"] < 0]
    assert values[0]["token"] in ('"refund"', '"greeting"')
    platform.job("two", baseModel=BASE, readout="head")
    assert "fields are generated" in platform.finished("two")["status"]["message"]


def test_the_readout_is_a_field_of_jobs_on_language_models(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.dataset("train", rows())
    path, body = "/v1/accounts/local/supervisedFineTuningJobs", {"dataset": "accounts/local/datasets/train"}
    refused = platform.send("POST", path, body | {"baseModel": BASE, "readout": "guess"})
    assert refused.status_code == 400
    assert "readout: 'guess'; expected one of validation, head, generate" in refused.text
    refused = platform.send(
        "POST", path, body | {"baseModel": BASE.replace("tiny-llama", "char-ngram"), "readout": "head"}
    )
    assert refused.status_code == 400
    assert "readout: char-ngram is no language model" in refused.text
    monkeypatch.setenv("FW_READOUT", "generate")
    assert platform.job("one", baseModel=BASE)["readout"] == "generate"
    assert "readout" not in platform.job("two")


def test_a_tuned_model_answers_and_adapters_of_one_base_stay_apart(platform: Client) -> None:
    platform.dataset("train", rows())
    job = tune(platform, "one")
    assert job["readout"] == "validation"
    swapped = [
        {"messages": [*item["messages"][:2], {"role": "assistant", "content": f"not {item['messages'][2]['content']}"}]}
        for item in rows()
    ]
    platform.dataset("swapped", swapped)
    tune(platform, "two", dataset="accounts/local/datasets/swapped", readout="head")
    manifest = json.loads((platform.home / "models" / "two-model" / "manifest.json").read_text("utf-8"))
    assert (manifest["readout"], manifest["readout_losses"]) == ("head", {})
    metrics = platform.send("GET", job["metricsFileSignedUrl"].replace("http://embedded", "")).text.splitlines()
    assert [json.loads(line)["step"] for line in metrics if "train/loss" in line] == list(range(1, len(metrics) - 2))
    first, second = deploy(platform, "one"), deploy(platform, "two")
    for label, text in WORDS.items():
        assert ask(platform, first, text)["choices"][0]["message"]["content"] == label
        assert ask(platform, second, text)["choices"][0]["message"]["content"] == f"not {label}"
        chosen = ask(platform, first, text, response_format=grammar(*WORDS))
        assert chosen["choices"][0]["message"]["content"] == label


def test_a_request_waits_for_a_device_that_another_process_has_and_is_told_when_it_is_too_long(
    platform: Client, language_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    monkeypatch.setenv("FW_DEVICE_WAIT", "0.3")
    lease = device_lease("cpu")
    assert lease is not None
    body = {
        "model": BASE,
        "messages": [{"role": "user", "content": "where is my card"}],
        "response_format": grammar(*WORDS),
    }
    with lease.turn():
        refused = platform.send("POST", "/inference/v1/chat/completions", body)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json()["error"]["code"] == "DEVICE_BUSY"
    assert "the device was busy for 0.3 seconds" in refused.json()["error"]["message"]
    assert platform.post("/inference/v1/chat/completions", body)["choices"][0]["message"]["content"] in WORDS


def test_adapters_that_are_asked_at_once_on_a_device_with_turns_share_passes_and_stay_apart(
    platform: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.dataset("train", rows())
    tune(platform, "one", readout="head")
    swapped = [
        {"messages": [*item["messages"][:2], {"role": "assistant", "content": f"not {item['messages'][2]['content']}"}]}
        for item in rows()
    ]
    platform.dataset("swapped", swapped)
    tune(platform, "two", dataset="accounts/local/datasets/swapped", readout="head")
    models = {deploy(platform, "one"): "{}", deploy(platform, "two"): "not {}"}
    bodies = [
        {"model": model, "messages": rows(1)[place]["messages"][:2], "logprobs": True, "top_logprobs": 2}
        for place in range(len(WORDS))
        for model in models
    ]
    path = "/inference/v1/chat/completions"
    alone = [platform.post(path, body) for body in bodies]
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    missing = {**bodies[0], "model": "accounts/local/models/none"}
    refused, *together = platform.at_once("POST", path, [missing, *bodies])
    assert refused.status_code == 404
    for body, one, other in zip(bodies, alone, (response.json() for response in together), strict=True):
        assert one["choices"][0]["message"] == other["choices"][0]["message"]
        assert other["choices"][0]["message"]["content"].startswith("not ") == models[body["model"]].startswith("not ")
        for mine, yours in zip(_log_probabilities(one), _log_probabilities(other), strict=True):
            assert abs(mine - yours) < 2e-5


def _log_probabilities(completion: Any) -> list[float]:
    return [token["logprob"] for token in completion["choices"][0]["logprobs"]["content"][0]["top_logprobs"]]


def test_a_job_and_requests_take_turns_on_a_device(platform: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    platform.dataset("train", rows())
    platform.job("one", baseModel=BASE, loraRank=4, learningRate=0.01, epochs=40, batchSizeSamples=8)
    wait(
        lambda: platform.get("/v1/accounts/local/supervisedFineTuningJobs/one")["state"], lambda s: "RUNNING" in s, 120
    )
    for _ in range(3):
        assert ask(platform, BASE, "where is my card", response_format=grammar(*WORDS))["choices"]
    assert platform.finished("one", seconds=240)["state"] == "JOB_STATE_COMPLETED"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")
def test_a_killed_job_goes_on_to_the_same_adapter(platform: Client) -> None:
    platform.dataset("train", rows())
    tune(platform, "calm", epochs=12)
    grid = {"loraRank": 4, "learningRate": 0.01, "epochs": 12, "batchSizeSamples": 8}
    platform.job("killed", baseModel=BASE, **grid)
    folder = platform.home / "jobs" / "supervisedFineTuningJobs" / "killed"
    checkpoint = folder / "checkpoint.safetensors"

    def written() -> int:
        platform.get("/v1/accounts/local/supervisedFineTuningJobs/killed")  # which replaces a worker that is gone
        return checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0

    wait(written, bool, 120)
    for process in workers(platform.home):
        os.kill(process, signal.SIGKILL)
    assert platform.finished("killed", seconds=120)["state"] == "JOB_STATE_COMPLETED"
    calm = folder.parent / "calm"
    assert (folder / "metrics.jsonl").read_bytes() == (calm / "metrics.jsonl").read_bytes()
    assert not checkpoint.exists()
    models = platform.home / "models"
    for name in ("adapter_model.safetensors", "head.safetensors"):
        assert (models / "killed-model" / name).read_bytes() == (models / "calm-model" / name).read_bytes()


def test_a_damaged_adapter_is_trained_again(platform: Client) -> None:
    platform.dataset("train", rows())
    tune(platform, "one")
    deploy(platform, "one")
    (platform.home / "models" / "one-model" / "adapter_model.safetensors").write_bytes(b"damaged")
    assert platform.get("/v1/accounts/local/supervisedFineTuningJobs/one")["state"] != "JOB_STATE_COMPLETED"
    assert platform.finished("one", seconds=120)["state"] == "JOB_STATE_COMPLETED"
