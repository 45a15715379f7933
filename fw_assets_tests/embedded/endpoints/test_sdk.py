"""The vendor's own SDK drives the platform over a socket, from the upload to the answers of the tuned model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets_tests.embedded.conftest import TEXTS, Client, labelled_rows, wait

fireworks = pytest.importorskip("fireworks", reason="needs the development package fireworks-ai")

MODEL, DEPLOYMENT = "accounts/local/models/m", "accounts/local/deployments/d"
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "schema": {"type": "object", "properties": {"label": {"type": "string", "enum": list(TEXTS)}}},
    },
}


@pytest.fixture
def sdk(client: Client, url: str) -> Any:
    return fireworks.Fireworks(api_key=client.key, account_id="local", base_url=url, max_retries=0)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def upload(sdk: Any, id: str, path: Path, rows: int) -> None:
    sdk.datasets.create(dataset_id=id, dataset={"example_count": str(rows), "user_uploaded": {}})
    with path.open("rb") as file:
        sdk.datasets.upload(id, file=file)
    assert sdk.datasets.get(id).state == "READY"


def test_the_whole_workflow(sdk: Any, tmp_path: Path) -> None:
    assert [account.name for account in sdk.accounts.list()] == ["accounts/local"]
    path = write(tmp_path / "train.jsonl", labelled_rows())
    upload(sdk, "train", path, 36)

    sdk.datasets.create(dataset_id="large", dataset={"example_count": 36, "user_uploaded": {}})
    size = path.stat().st_size
    signed = sdk.datasets.get_upload_endpoint("large", filename_to_size={path.name: str(size)})
    headers = {"Content-Type": "application/octet-stream", "x-goog-content-length-range": f"{size},{size}"}
    put = httpx.put(signed.filename_to_signed_urls[path.name], content=path.read_bytes(), headers=headers)
    assert put.status_code == 200
    sdk.datasets.validate_upload("large", body={})
    listed = sdk.datasets.list(filter="state=READY", order_by="createTime desc", page_size=200)
    assert [dataset.name.rsplit("/", 1)[1] for dataset in listed] == ["large", "train"]

    assert sdk.models.get("char-ngram", account_id="fireworks").tunable
    sdk.supervised_fine_tuning_jobs.create(
        supervised_fine_tuning_job_id="j",
        dataset="accounts/local/datasets/train",
        evaluation_dataset="accounts/local/datasets/large",
        base_model="accounts/fireworks/models/char-ngram",
        output_model=MODEL,
        epochs=5,
        learning_rate=0.1,
        lora_rank=8,
        batch_size_samples=32,
        max_context_length=32768,
        eval_auto_carveout=False,
        extra_body={"lrScheduler": {"constant": {}}},
    )
    job = wait(
        lambda: sdk.supervised_fine_tuning_jobs.get("j", read_mask="state,status"),
        lambda job: job.state in ("JOB_STATE_COMPLETED", "JOB_STATE_FAILED"),
    )
    assert job.state == "JOB_STATE_COMPLETED", job.status
    assert [model.name for model in sdk.models.list(filter='kind="HF_PEFT_ADDON"')] == [MODEL]
    assert "manifest.json" in sdk.models.get_download_endpoint("m").filename_to_signed_urls

    sdk.deployments.create(deployment_id="d", base_model=MODEL, deployment_shape="default", min_replica_count=0)
    wait(lambda: sdk.deployments.get("d"), lambda deployment: deployment.state == "READY")
    ask = {"messages": [{"role": "user", "content": "refund my invoice"}], "temperature": 0, "max_tokens": 16}
    reply = sdk.chat.completions.create(model=f"{MODEL}#{DEPLOYMENT}", response_format=SCHEMA, logprobs=True, **ask)
    assert json.loads(reply.choices[0].message.content) == {"label": "billing"}
    chunks = sdk.chat.completions.create(model=DEPLOYMENT, stream=True, **ask)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "billing"


def test_loaded_loras_and_batch_inference(sdk: Any, client: Client, tmp_path: Path) -> None:
    client.dataset("train", labelled_rows())
    client.job("j", outputModel=MODEL)
    client.finished("j")
    base = "accounts/fireworks/models/char-ngram"
    request = {"parent": "accounts/local", "deployment": {"base_model": base, "enable_addons": True}}
    matched = sdk.deployment_shape_versions.match(create_deployment_request=request)
    assert matched.deployment_shape_versions
    sdk.deployments.create(deployment_id="d", base_model=base, deployment_shape="default", enable_addons=True)
    loaded = sdk.lora.load(model=MODEL, deployment=DEPLOYMENT)
    assert [item.name for item in sdk.lora.list()] == [loaded.name]
    sdk.deployments.scale("d", replica_count=1)
    sdk.lora.unload(loaded.name.rsplit("/", 1)[1])

    rows = [{"custom_id": str(i), "body": {"messages": [{"role": "user", "content": "buy"}]}} for i in range(3)]
    upload(sdk, "in", write(tmp_path / "in.jsonl", rows), 3)
    sdk.batch_inference_jobs.create(
        batch_inference_job_id="b",
        model=base,
        input_dataset_id="accounts/local/datasets/in",
        output_dataset_id="accounts/local/datasets/out",
        inference_parameters={"temperature": 0, "extra_body": json.dumps({"response_format": SCHEMA})},
    )
    wait(lambda: sdk.batch_inference_jobs.get("b"), lambda job: job.state == "JOB_STATE_COMPLETED")
    assert sdk.datasets.get("out").example_count == "3"


def test_refusals_are_the_sdks_own_exceptions(sdk: Any) -> None:
    with pytest.raises(fireworks.NotFoundError) as missing:
        sdk.datasets.get("none")
    assert missing.value.body["code"] == 5
    sdk.datasets.create(dataset_id="d", dataset={"example_count": 3, "user_uploaded": {}})
    with pytest.raises(fireworks.ConflictError):
        sdk.datasets.create(dataset_id="d", dataset={"example_count": 3, "user_uploaded": {}})
    with pytest.raises(fireworks.BadRequestError):
        sdk.datasets.create(dataset_id="1d", dataset={"example_count": 3, "user_uploaded": {}})
    with pytest.raises(fireworks.AuthenticationError):
        sdk.with_options(api_key="wrong").datasets.get("d")
