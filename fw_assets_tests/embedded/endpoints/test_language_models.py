"""A language model through the API: listed, asked, tuned, served, and asked again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from platform import node
from typing import Any

import httpx
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.device.lease import device_lease
from fw_assets.embedded.settings import data_home
from fw_assets_tests.embedded.conftest import Client, grammar, row, wait
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder
from fw_assets_tests.embedded.jobs.test_job_queue import workers

BASE = "accounts/fireworks/models/tiny-llama"
WORDS = {"refund": "money back please", "card arrival": "where is my card", "greeting": "good morning to you"}
SYSTEM = "Answer with exactly one label."


RECORDS = [
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
RECORD_TEXTS = [f"{WORDS[str(record['intent'])]} {'now' if record['urgent'] else 'later'}" for record in RECORDS]
GRID: dict[str, Any] = {"baseModel": BASE, "loraRank": 4, "learningRate": 0.01, "epochs": 3, "batchSizeSamples": 8}
LONG = GRID | {"epochs": 12}
OTHER = GRID | {"dataset": "accounts/local/datasets/swapped", "readout": "head", "optimizerWeightDecay": 0.02}
JOBS_AT = "/v1/accounts/local/supervisedFineTuningJobs"
SECONDS = 600.0
"""For jobs, each in a process that imports torch, on a machine that does other things as well."""


@pytest.fixture
def platform(language_models: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    return client


@pytest.fixture(scope="module")
def shared(language_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A platform with the jobs that several tests need, and the deployments of the models of two of them.

    `one` learns the labels, `two` others for the same texts, `objects` objects of several fields; `refused` failed.
    They are queued at once, since a worker's start costs more than these trainings.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FW_LANGUAGE_MODELS", str(language_models))
        client = Client(tmp_path_factory.mktemp("shared") / "platform")
        client.dataset("train", rows())
        swapped = rows()
        for item in swapped:
            item["messages"][2]["content"] = f"not {item['messages'][2]['content']}"
        client.dataset("swapped", swapped)
        answers = [row(text, json.dumps(record)) for text, record in zip(RECORD_TEXTS, RECORDS, strict=True)]
        client.dataset("records", answers)
        client.job("one", **LONG)
        client.job("objects", **GRID | {"dataset": "accounts/local/datasets/records", "epochs": 30})
        client.job("two", **OTHER)
        client.job("refused", **GRID, dataset="accounts/local/datasets/records", readout="head")
        if sdk := sdk_of(client):
            sdk.supervised_fine_tuning_jobs.create(
                supervised_fine_tuning_job_id="sdk",
                dataset="accounts/local/datasets/train",
                base_model=BASE,
                output_model="accounts/local/models/sdk-model",
                epochs=12,
                learning_rate=0.01,
                lora_rank=4,
                batch_size_samples=8,
                extra_body={"readout": "generate"},
            )
        for id in ("one", "objects", "two"):
            completed(client, id)
            deploy(client, id)
        client.finished("refused", seconds=SECONDS)
        wait(lambda: workers(client.home), lambda found: not found)
        yield client


@pytest.fixture
def tuned(shared: Client, language_models: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """`shared`, to which nothing but jobs and models of other names is added."""
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    return shared


def sdk_of(client: Client) -> Any:
    """The vendor's own SDK over a platform in this process; None where it is not installed."""
    if find_spec("fireworks") is None:
        return None
    import fireworks

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        path = request.url.raw_path.decode()
        found = client.send(request.method, path, headers=headers, content=request.content)
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    transport = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://embedded")
    return fireworks.Fireworks(
        api_key=client.key, account_id="local", base_url="http://embedded", max_retries=0, http_client=transport
    )


def ask(client: Client, model: str, text: str, **fields: Any) -> Any:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return client.post("/inference/v1/chat/completions", {"model": model, "messages": messages, **fields})


def rows(copies: int = 10) -> list[dict[str, Any]]:
    made = [row(f"{text} {n}", label) for n in range(copies) for label, text in WORDS.items()]
    for item in made:
        item["messages"].insert(0, {"role": "system", "content": SYSTEM})
    return made


def tune(client: Client, id: str, **fields: Any) -> Any:
    """The job, once it is completed."""
    client.job(id, **GRID | fields)
    return completed(client, id)


def completed(client: Client, id: str) -> Any:
    job = client.finished(id, seconds=SECONDS)
    assert job["state"] == "JOB_STATE_COMPLETED", job
    return job


def deploy(client: Client, id: str) -> str:
    """What a request calls the model of a job, which is served from now on."""
    body = {"baseModel": f"accounts/local/models/{id}-model", "deploymentShape": "default"}
    client.post(f"/v1/accounts/local/deployments?deploymentId={id}-up", body)
    path = f"/v1/accounts/local/deployments/{id}-up"
    wait(lambda: client.get(path), lambda document: document["state"] == "READY")
    return deployed(id)


def deployed(id: str) -> str:
    return f"accounts/local/models/{id}-model#accounts/local/deployments/{id}-up"


def manifest(client: Client, id: str) -> Any:
    return json.loads((client.home / "models" / f"{id}-model" / "manifest.json").read_text("utf-8"))


def adapter_files(client: Client, id: str) -> list[bytes]:
    folder = client.home / "models" / f"{id}-model"
    return [(folder / name).read_bytes() for name in ("adapter_model.safetensors", "head.safetensors")]


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


def test_the_catalogue_tells_its_speed_by_the_device_and_then_by_its_jobs(platform: Client, tuned: Client) -> None:
    def throughput(client: Client) -> Any:
        listed = {model["name"]: model for model in client.get("/v1/accounts/fireworks/models")["models"]}
        assert "throughput" not in listed["accounts/fireworks/models/char-ngram"]
        return listed[BASE]["throughput"]

    before, after = throughput(platform), throughput(tuned)
    assert (before["basis"], before["rowsForTrial"], before["trainsOnInstructions"]) == ("device", 20, False)
    rates = [tuned.get(f"{JOBS_AT}/{id}")["resourceUse"]["tokensPerSecond"] for id in ("one", "objects", "two")]
    assert after["basis"] == "jobs"
    assert min(rates) <= after["trainingTokensPerSecond"] <= max(rates)
    assert after["scoringTokensPerSecond"] == before["scoringTokensPerSecond"]


def test_the_catalogue_does_not_wait_for_the_device_to_be_measured(
    platform: Client, tmp_path: Path, language_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "models"
    home.mkdir()
    shutil.copy(language_models / "tiny-llama.json", home)
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(home))
    measured: list[list[str]] = []
    monkeypatch.setattr("subprocess.Popen", lambda command, **_: measured.append(command))
    listed = {model["name"]: model for model in platform.get("/v1/accounts/fireworks/models")["models"]}
    assert listed[BASE]["status"]["code"] == "OK"
    assert "throughput" not in listed[BASE]
    assert [command[-1] for command in measured] == [str(home / "device-speed")]


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


def test_what_a_model_writes_ends_before_a_stop(platform: Client) -> None:
    whole = ask(platform, BASE, "where is my card", max_tokens=8)["choices"][0]["message"]["content"]
    first, second = whole[1:3], whole[3:5]
    for stop in (first, [second, first], [second, "no such text", first, "nor such"]):
        choice = ask(platform, BASE, "where is my card", max_tokens=8, stop=stop, logprobs=True)["choices"][0]
        end = min(whole.find(first), whole.find(second) if isinstance(stop, list) else len(whole))
        assert (choice["message"]["content"], choice["finish_reason"]) == (whole[:end], "stop")
    chosen = ask(platform, BASE, "where is my card", response_format=grammar(*WORDS), stop="e")["choices"][0]
    assert chosen["message"]["content"] in WORDS, "labels are chosen whole"
    for wrong in ("", ["a", ""], list("abcde")):
        body = {"model": BASE, "messages": [{"role": "user", "content": "?"}], "stop": wrong}
        refused = platform.send("POST", "/inference/v1/chat/completions", body)
        assert refused.status_code == 400
        assert "stop: expected a text, or at most 4, none of them empty" in refused.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"logit_bias": {"7": 1}}, "logit_bias: written answers of this platform have no such field; leave it out"),
        ({"tools": [{"type": "function"}]}, "tools: written answers"),
        ({"repetition_penalty": 1.1}, "repetition_penalty: written answers"),
        ({"echo": True}, "echo: written answers"),
        ({"top_p": 1.5}, "top_p: 1.5; expected 0 to 1"),
        ({"top_k": -2}, "top_k: -2; expected at least 0"),
        ({"frequency_penalty": 3}, "frequency_penalty: 3.0; expected -2 to 2"),
    ],
)
def test_what_a_written_answer_has_not_is_refused(platform: Client, fields: dict[str, Any], words: str) -> None:
    messages = [{"role": "user", "content": "where is my card"}]
    body = {"model": BASE, "messages": messages, "max_tokens": 2, **fields}
    response = platform.send("POST", "/inference/v1/chat/completions", body)
    assert (response.status_code, words in response.text) == (400, True), response.text


def test_a_penalty_and_a_nucleus_change_what_is_written(platform: Client) -> None:
    def written(**fields: Any) -> str:
        answer = ask(platform, BASE, "where is my card", max_tokens=8, **fields)
        return str(answer["choices"][0]["message"]["content"])

    neutral = {"logit_bias": {}, "tools": [], "repetition_penalty": 1.0, "echo": False, "presence_penalty": 0}
    greedy = written(**neutral)
    drawn = {"temperature": 2.0, "seed": 3}
    assert written(**drawn) != greedy
    assert written(**drawn, top_k=1) == written(**drawn, top_p=0) == written(**drawn, top_p=1e-6) == greedy


def test_what_a_model_writes_ends_with_its_context(platform: Client) -> None:
    most = ask(platform, BASE, "where is my card", max_tokens=10**9)["choices"][0]
    assert most["finish_reason"] in ("stop", "length")
    assert ask(platform, BASE, "where is my card", max_tokens=10**6)["choices"] == [most]


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


def test_objects_of_several_fields_are_learned_and_written(tuned: Client) -> None:
    model, path = deployed("objects"), "/inference/v1/chat/completions"
    for text, record in zip(RECORD_TEXTS[:3], RECORDS, strict=False):
        messages = [{"role": "user", "content": text}]
        written = tuned.post(path, {"model": model, "messages": messages})["choices"][0]["message"]["content"]
        answer = json.loads(written)
        assert list(answer) == ["intent", "urgent", "name", "tags", "more"]
        assert answer["tags"]
        assert set(answer["tags"]) <= {"now", *(label[:4] for label in WORDS)}
        assert isinstance(answer["more"], dict)
        assert answer["intent"] == record["intent"]
        assert isinstance(answer["urgent"], bool)
        assert isinstance(answer["name"], str)
    assert manifest(tuned, "objects")["readout"] == "generate"
    free = {".".join(field["path"]): field["values"] is None for field in manifest(tuned, "objects")["fields"]}
    assert free == {"intent": False, "urgent": False, "name": True, "tags": False, "more": True}
    properties = {"intent": {"enum": ["refund", "greeting"]}, "name": {"type": "string"}}
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}
    body = {"model": model, "messages": [{"role": "user", "content": RECORD_TEXTS[0]}], "response_format": schema}
    choice = tuned.post(path, body | {"logprobs": True, "top_logprobs": 2})["choices"][0]
    assert list(json.loads(choice["message"]["content"])) == ["intent", "name"]
    values = [token for token in choice["logprobs"]["content"] if token["logprob"] < 0]
    assert values[0]["token"] in ('"refund"', '"greeting"')
    refused = tuned.get(f"{JOBS_AT}/refused")
    assert refused["state"] == "JOB_STATE_FAILED"
    assert "fields are generated" in refused["status"]["message"]


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
    platform.post(f"{JOBS_AT}/one:cancel", {})
    assert "readout" not in platform.job("two")


def test_a_tuned_model_answers_and_adapters_of_one_base_stay_apart(tuned: Client) -> None:
    job = tuned.get(f"{JOBS_AT}/one")
    assert job["readout"] == "validation"
    assert job["jobProgress"] == {"percent": 100, "epoch": LONG["epochs"]}
    assert (manifest(tuned, "two")["readout"], manifest(tuned, "two")["readout_losses"]) == ("head", {})
    decays = [manifest(tuned, id)["spec"]["weight_decay"] for id in ("one", "two")]
    assert decays == [0, tuned.get(f"{JOBS_AT}/two")["optimizerWeightDecay"]] == [0, 0.02]
    metrics = tuned.send("GET", job["metricsFileSignedUrl"].replace("http://embedded", "")).text.splitlines()
    steps = [json.loads(line)["step"] for line in metrics if "train/loss" in line]
    assert steps == list(range(1, len(metrics) - LONG["epochs"] + 1))
    for label, text in WORDS.items():
        assert ask(tuned, deployed("one"), text)["choices"][0]["message"]["content"] == label
        assert ask(tuned, deployed("two"), text)["choices"][0]["message"]["content"] == f"not {label}"
        chosen = ask(tuned, deployed("one"), text, response_format=grammar(*WORDS))
        assert chosen["choices"][0]["message"]["content"] == label


def test_the_vendors_own_sdk_trains_deploys_and_asks_a_language_model(tuned: Client) -> None:
    sdk = sdk_of(tuned)
    if sdk is None:
        pytest.skip("needs the development package fireworks-ai")
    completed(tuned, "sdk")
    model, deployment = "accounts/local/models/sdk-model", "accounts/local/deployments/sdk-up"
    assert sdk.supervised_fine_tuning_jobs.get("sdk", read_mask="state,status").state == "JOB_STATE_COMPLETED"
    assert sdk.models.get(BASE.rsplit("/", 1)[1], account_id="fireworks").context_length == 512
    assert model in [each.name for each in sdk.models.list(filter='kind="HF_PEFT_ADDON"')]
    signed = sdk.models.get_download_endpoint("sdk-model").filename_to_signed_urls
    assert {"adapter_config.json", "adapter_model.safetensors", "manifest.json"} <= set(signed)
    sdk.deployments.create(deployment_id="sdk-up", base_model=model, deployment_shape="default", min_replica_count=0)
    wait(lambda: sdk.deployments.get("sdk-up"), lambda found: found.state == "READY")
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": WORDS["greeting"]}]
    asked: dict[str, Any] = {"model": f"{model}#{deployment}", "messages": turns, "temperature": 0, "max_tokens": 16}
    reply = sdk.chat.completions.create(**asked, response_format=grammar(*WORDS), logprobs=True)
    assert reply.choices[0].message.content in WORDS
    assert all(token.logprob <= 0 for token in reply.choices[0].logprobs.content)
    whole = sdk.chat.completions.create(**asked)
    streamed = sdk.chat.completions.create(**asked, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content


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
    tuned: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {deployed("one"): "{}", deployed("two"): "not {}"}
    bodies = [
        {"model": model, "messages": rows(1)[place]["messages"][:2], "logprobs": True, "top_logprobs": 2}
        for place in range(len(WORDS))
        for model in models
    ]
    path = "/inference/v1/chat/completions"
    alone = [tuned.post(path, body) for body in bodies]
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    missing = {**bodies[0], "model": "accounts/local/models/none"}
    refused, *together = tuned.at_once("POST", path, [missing, *bodies])
    assert refused.status_code == 404
    for body, one, other in zip(bodies, alone, (response.json() for response in together), strict=True):
        assert one["choices"][0]["message"] == other["choices"][0]["message"]
        assert other["choices"][0]["message"]["content"].startswith("not ") == models[body["model"]].startswith("not ")
        for mine, yours in zip(_log_probabilities(one), _log_probabilities(other), strict=True):
            assert abs(mine - yours) < 2e-5


def _log_probabilities(completion: Any) -> list[float]:
    return [token["logprob"] for token in completion["choices"][0]["logprobs"]["content"][0]["top_logprobs"]]


def test_a_job_and_requests_take_turns_on_a_device(tuned: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    lease = device_lease("cpu")
    assert lease is not None
    with lease.turn():
        tuned.job("turns", **OTHER)
        queue = data_home() / "leases" / f"{node()}-box"
        wait(lambda: list(queue.glob("[0-9]*")), lambda places: len(places) > 1, SECONDS)
        job = tuned.get(f"{JOBS_AT}/turns")
        assert (job["state"], job["jobProgress"]["percent"]) == ("JOB_STATE_RUNNING", 0), "it waits for its turn"
        monkeypatch.setenv("FW_DEVICE_WAIT", "0.1")
        body = {"model": BASE, "messages": [{"role": "user", "content": "?"}], "response_format": grammar(*WORDS)}
        assert tuned.send("POST", "/inference/v1/chat/completions", body).status_code == 503
    monkeypatch.setenv("FW_DEVICE_WAIT", str(SECONDS))
    for _ in range(3):
        assert ask(tuned, BASE, "where is my card", response_format=grammar(*WORDS))["choices"]
    completed(tuned, "turns")
    assert adapter_files(tuned, "turns") == adapter_files(tuned, "two"), "waiting changes nothing"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")
def test_a_killed_job_goes_on_to_the_same_adapter(tuned: Client) -> None:
    tuned.job("killed", **LONG)
    folder = tuned.home / "jobs" / "supervisedFineTuningJobs" / "killed"
    checkpoint = folder / "checkpoint.safetensors"
    wait(checkpoint.exists, bool, SECONDS)
    killed = workers(tuned.home)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert killed
    assert not (tuned.home / "models" / "killed-model").exists(), "killed before it was done"
    completed(tuned, "killed")
    assert (folder / "metrics.jsonl").read_bytes() == (folder.parent / "one" / "metrics.jsonl").read_bytes()
    assert not checkpoint.exists()
    assert adapter_files(tuned, "killed") == adapter_files(tuned, "one")


def test_a_damaged_adapter_is_trained_again(tuned: Client, tmp_path: Path) -> None:
    platform = Client(shutil.copytree(tuned.home, tmp_path / "platform"))
    whole = adapter_files(platform, "two")
    (platform.home / "models" / "two-model" / "adapter_model.safetensors").write_bytes(b"damaged")
    assert platform.get(f"{JOBS_AT}/two")["state"] != "JOB_STATE_COMPLETED"
    completed(platform, "two")
    assert adapter_files(platform, "two") == whole
