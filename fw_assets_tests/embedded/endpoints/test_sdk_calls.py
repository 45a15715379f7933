"""Conformance with the vendor's SDK: every call that was captured from it, made by it over a socket.

Each request and its status is recorded on the SDK's own HTTP client; at the end every line of `CALLS` must have been
sent and answered with 200. The OpenAI SDK and the vendor's asynchronous client ask for completions as well.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets_tests.embedded.conftest import TEXTS, Client, is_random, labelled_rows, wait

fireworks = pytest.importorskip("fireworks", reason="needs the development package fireworks-ai")
openai = pytest.importorskip("openai", reason="needs the development package openai")

BASE = ""
"""The base model of a test: that of `every_kind_of_model`."""
MODEL, DEPLOYMENT = "accounts/local/models/m1", "accounts/local/deployments/intent-dep"
ROWS = labelled_rows()
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "schema": {"type": "object", "properties": {"label": {"type": "string", "enum": list(TEXTS)}}},
    },
}
GRAMMAR = {"type": "grammar", "grammar": 'root ::= "billing" | "sales"'}
MESSAGES = [{"role": "user", "content": "refund my invoice"}]

CALLS = """
GET /v1/accounts
POST /v1/accounts/local/datasets
POST /v1/accounts/local/datasets/{id}:upload
GET /v1/accounts/local/datasets/{id}
GET /v1/accounts/local/datasets?filter=&orderBy=&pageSize=
POST /v1/accounts/local/datasets/{id}:getUploadEndpoint
POST /v1/accounts/local/datasets/{id}:validateUpload
GET /v1/accounts/local/datasets/{id}:getDownloadEndpoint
DELETE /v1/accounts/local/datasets/{id}
POST /v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=
GET /v1/accounts/local/supervisedFineTuningJobs/{id}?readMask=
GET /v1/accounts/local/supervisedFineTuningJobs?filter=&orderBy=&pageSize=&pageToken=
POST /v1/accounts/local/supervisedFineTuningJobs/{id}:cancel
POST /v1/accounts/local/supervisedFineTuningJobs/{id}:resume
DELETE /v1/accounts/local/supervisedFineTuningJobs/{id}
GET /v1/accounts/fireworks/models/{id}
GET /v1/accounts/local/models?filter=&pageSize=
GET /v1/accounts/local/models/{id}:getDownloadEndpoint
POST /v1/accounts/local/deployments?deploymentId=&validateOnly=
POST /v1/accounts/local/deployments?deploymentId=
GET /v1/accounts/local/deployments/{id}
GET /v1/accounts/local/deployments?pageSize=&showDeleted=
PATCH /v1/accounts/local/deployments/{id}:scale
DELETE /v1/accounts/local/deployments/{id}?ignoreChecks=
POST /v1/accounts/local/deploymentShapeVersions:match
POST /v1/accounts/local/deployedModels
GET /v1/accounts/local/deployedModels/{id}
GET /v1/accounts/local/deployedModels
DELETE /v1/accounts/local/deployedModels/{id}
GET /v1/accounts/local/deploymentShapes
POST /v1/accounts/local/batchInferenceJobs?batchInferenceJobId=
GET /v1/accounts/local/batchInferenceJobs/{id}
POST /v1/chat/completions
""".strip().splitlines()


def line(request: Any) -> str:
    """A request as `CALLS` writes it."""
    path = re.sub(r"^(/v1/accounts/\w+/\w+)/[\w-]+", r"\1/{id}", request.url.path)
    query = "&".join(f"{name}=" for name in sorted(dict(request.url.params)))
    return f"{request.method} {path}{'?' * bool(query)}{query}"


class Sdk:
    """The vendor's client, and what it sent and was answered."""

    def __init__(self, client: Client, url: str) -> None:
        self.answered: dict[str, set[int]] = {}
        http = fireworks.DefaultHttpxClient(event_hooks={"response": [self._record]})
        self.of = fireworks.Fireworks(
            api_key=client.key, account_id="local", base_url=url, max_retries=0, http_client=http
        )

    def _record(self, response: Any) -> None:
        self.answered.setdefault(line(response.request), set()).add(response.status_code)


@pytest.fixture(autouse=True)
def every_kind_of_model(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "BASE", base)


@pytest.fixture(scope="module")
def client(served_client: Client) -> Client:
    return served_client


@pytest.fixture(scope="module")
def url(served_url: str) -> str:
    return served_url


@pytest.fixture
def sdk(client: Client, url: str) -> Iterator[Sdk]:
    sdk = Sdk(client, url)
    with sdk.of:
        yield sdk


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def job(sdk: Any, id: str, model: str = MODEL, **fields: Any) -> Any:
    return sdk.supervised_fine_tuning_jobs.create(
        supervised_fine_tuning_job_id=id,
        **{
            "dataset": "accounts/local/datasets/intent-train",
            "evaluation_dataset": "accounts/local/datasets/intent-eval",
            "base_model": BASE,
            "output_model": model,
            "display_name": "x",
            "epochs": 12 if is_random(BASE) else 3,
            "learning_rate": 0.01,
            "lora_rank": 8,
            "batch_size_samples": 32,
            "max_context_length": 32768,
            "eval_auto_carveout": False,
            "extra_body": {"lrScheduler": {"constant": {}}},
            **fields,
        },
    )


def test_every_captured_call(sdk: Sdk, tmp_path: Path) -> None:
    datasets(sdk.of, tmp_path)
    jobs(sdk.of)
    served = serving(sdk.of)
    batch(sdk.of, tmp_path)
    unserve(sdk.of, served)
    missing = [call for call in CALLS if 200 not in sdk.answered.get(call, ())]
    assert not missing, f"not answered: {missing}; sent were {sorted(sdk.answered)}"


def datasets(sdk: Any, folder: Path) -> None:
    assert [account.name for account in sdk.accounts.list()] == ["accounts/local"]
    path = jsonl(folder / "train.jsonl", ROWS)
    count = str(len(ROWS))
    fields = {"display_name": "t", "format": "CHAT", "example_count": count, "user_uploaded": {}}
    sdk.datasets.create(dataset_id="intent-train", dataset=fields)
    with path.open("rb") as file:
        sdk.datasets.upload("intent-train", file=file)
    sdk.datasets.create(dataset_id="intent-eval", dataset={**fields, "example_count": len(ROWS)})
    sdk.datasets.upload("intent-eval", file=("train.jsonl", path.read_bytes(), "application/jsonl"))
    assert sdk.datasets.get("intent-train").state == "READY"
    sdk.datasets.create(dataset_id="large", dataset=fields)
    signed = sdk.datasets.get_upload_endpoint("large", filename_to_size={path.name: str(path.stat().st_size)})
    size = path.stat().st_size
    headers = {"Content-Type": "application/octet-stream", "x-goog-content-length-range": f"{size},{size}"}
    put = httpx.put(signed.filename_to_signed_urls[path.name], content=path.read_bytes(), headers=headers)
    assert put.status_code == 200
    sdk.datasets.validate_upload("large", body={})
    urls = sdk.datasets.get_download_endpoint("large").filename_to_signed_urls
    assert httpx.get(urls[path.name]).content == path.read_bytes()
    ready = sdk.datasets.list(filter="state=READY", order_by="createTime desc", page_size=200)
    assert [dataset.name.rsplit("/", 1)[1] for dataset in ready] == ["large", "intent-eval", "intent-train"]
    sdk.datasets.delete("large")


def jobs(sdk: Any) -> None:
    first = job(sdk, "intent-r8")
    assert first.state == "JOB_STATE_CREATING"
    assert first.output_model == MODEL
    done = wait(
        lambda: sdk.supervised_fine_tuning_jobs.get("intent-r8", read_mask="state,jobProgress"),
        lambda job: job.state in ("JOB_STATE_COMPLETED", "JOB_STATE_FAILED"),
    )
    assert (done.state, done.job_progress.percent) == ("JOB_STATE_COMPLETED", 100)
    job(sdk, "intent-long", "accounts/local/models/m2", epochs=50)
    sdk.supervised_fine_tuning_jobs.cancel("intent-long", body={})
    assert sdk.supervised_fine_tuning_jobs.get("intent-long").state == "JOB_STATE_CANCELLED"
    sdk.supervised_fine_tuning_jobs.resume("intent-long", body={})
    sdk.supervised_fine_tuning_jobs.delete("intent-long")
    query = {"filter": 'state="JOB_STATE_COMPLETED"', "order_by": "createTime desc"}
    job(sdk, "intent-two", "accounts/local/models/m3")
    wait(lambda: sdk.supervised_fine_tuning_jobs.get("intent-two"), lambda job: job.state == "JOB_STATE_COMPLETED")
    page = sdk.supervised_fine_tuning_jobs.list(page_size=1, **query)
    assert page.next_page_token
    second = sdk.supervised_fine_tuning_jobs.list(page_size=1, page_token=page.next_page_token, **query)
    assert [listed.name.rsplit("/", 1)[1] for listed in second] == ["intent-r8"]


def serving(sdk: Any) -> str:
    """Every way to serve; returns the id of the loaded adapter."""
    assert sdk.models.get(BASE.rsplit("/", 1)[1], account_id="fireworks").tunable is not is_random(BASE)
    assert MODEL in [model.name for model in sdk.models.list(filter='kind="HF_PEFT_ADDON"', page_size=50)]
    assert sdk.models.get_download_endpoint("m1").filename_to_signed_urls
    assert list(sdk.deployment_shapes.list())
    deployment = {"base_model": MODEL, "enable_addons": False}
    match = {"parent": "accounts/local", "deployment": deployment}
    assert sdk.deployment_shape_versions.match(create_deployment_request=match).deployment_shape_versions
    fields = {
        "deployment_id": "intent-dep",
        "base_model": BASE,
        "deployment_shape": "default",
        "display_name": "d",
        "enable_addons": True,
        "min_replica_count": 0,
        "max_replica_count": 1,
        "autoscaling_policy": {
            "scale_up_window": "30s",
            "scale_down_window": "300s",
            "scale_to_zero_window": "300s",
            "load_targets": {"default": 0.8},
        },
    }
    sdk.deployments.create(validate_only=True, **fields)
    with pytest.raises(fireworks.NotFoundError):
        sdk.deployments.get("intent-dep")
    sdk.deployments.create(**fields)
    wait(lambda: sdk.deployments.get("intent-dep"), lambda deployed: deployed.state == "READY")
    assert len(list(sdk.deployments.list(page_size=200, show_deleted=False))) == 1
    sdk.deployments.scale("intent-dep", replica_count=1)
    loaded: str = sdk.lora.load(model=MODEL, deployment=DEPLOYMENT, default=False).name.rsplit("/", 1)[1]
    assert sdk.lora.get(loaded).model == MODEL
    assert [item.model for item in sdk.lora.list()] == [MODEL]
    chat(sdk)
    return loaded


def chat(sdk: Any) -> None:
    ask = {"messages": MESSAGES, "temperature": 0, "max_tokens": 16}
    with_extras = sdk.chat.completions.create(
        model=f"{MODEL}#{DEPLOYMENT}",
        response_format=SCHEMA,
        logprobs=True,
        top_logprobs=5,
        prompt_cache_key="k",
        reasoning_effort="none",
        seed=0,
        user="u1",
        **ask,
    )
    assert json.loads(with_extras.choices[0].message.content) == {"label": "billing"}
    assert with_extras.usage.total_tokens == with_extras.usage.prompt_tokens + with_extras.usage.completion_tokens
    assert sdk.chat.completions.create(model=DEPLOYMENT, response_format=GRAMMAR, **ask).choices[0].message.content
    chunks = sdk.chat.completions.create(model=f"{MODEL}#{DEPLOYMENT}", stream=True, **ask)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "billing"


def batch(sdk: Any, folder: Path) -> None:
    rows = [{"custom_id": str(i), "body": {"messages": MESSAGES}} for i in range(3)]
    sdk.datasets.create(dataset_id="in", dataset={"example_count": "3", "user_uploaded": {}})
    with jsonl(folder / "in.jsonl", rows).open("rb") as file:
        sdk.datasets.upload("in", file=file)
    sdk.batch_inference_jobs.create(
        batch_inference_job_id="b1",
        model=MODEL,
        input_dataset_id="accounts/local/datasets/in",
        output_dataset_id="accounts/local/datasets/out",
        inference_parameters={
            "max_tokens": 16,
            "temperature": 0,
            "extra_body": json.dumps({"response_format": {"type": "json_object"}}),
        },
    )
    wait(lambda: sdk.batch_inference_jobs.get("b1"), lambda job: job.state == "JOB_STATE_COMPLETED")


def unserve(sdk: Any, loaded: str) -> None:
    sdk.lora.unload(loaded)
    sdk.deployments.delete("intent-dep", ignore_checks=True)


@pytest.mark.parametrize("prefix", ["/inference/v1", "/v1"])
def test_the_openai_sdk_asks_for_answers(client: Client, url: str, prefix: str) -> None:
    with openai.OpenAI(base_url=f"{url}{prefix}", api_key=client.key, max_retries=0) as sdk:
        assert BASE in [model.id for model in sdk.models.list()]
        ask = {"model": BASE, "messages": MESSAGES, "temperature": 0, "seed": 1}
        reply = sdk.chat.completions.create(response_format=SCHEMA, logprobs=True, top_logprobs=2, n=2, **ask)
        assert {json.loads(choice.message.content)["label"] for choice in reply.choices} <= set(TEXTS)
        assert reply.choices[0].logprobs.content[1].top_logprobs[0].logprob <= 0
        assert reply.usage.completion_tokens > 0
        chunks = list(sdk.chat.completions.create(response_format=SCHEMA, stream=True, **ask))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == reply.choices[0].message.content
        # A language model writes where it is given nothing to choose from; the other kind cannot.
        wrong = {"response_format": {"type": "guess"}} if is_random(BASE) else {}
        with pytest.raises(openai.BadRequestError) as refused:
            sdk.chat.completions.create(**ask, **wrong)
        assert "response_format" in refused.value.message
        with pytest.raises(openai.NotFoundError):
            sdk.chat.completions.create(response_format=SCHEMA, **{**ask, "model": "accounts/local/models/none"})
    with (
        pytest.raises(openai.AuthenticationError),
        openai.OpenAI(base_url=f"{url}{prefix}", api_key="wrong", max_retries=0) as stranger,
    ):
        stranger.models.list()


def test_the_asynchronous_client_side_by_side(client: Client, url: str) -> None:
    async def main() -> list[str]:
        async with fireworks.AsyncFireworks(api_key=client.key, account_id="local", base_url=url) as sdk:
            requests = [
                sdk.chat.completions.create(
                    model=BASE, messages=[{"role": "user", "content": text}], response_format=SCHEMA
                )
                for texts in TEXTS.values()
                for text in texts
            ]
            return [reply.choices[0].message.content for reply in await asyncio.gather(*requests)]

    answers = asyncio.run(main())
    assert {json.loads(answer)["label"] for answer in answers} <= set(TEXTS)
