"""The client against the embedded platform: the same calls, a real upload, training, deployment and answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.embedded import ACCOUNT, api_key, counts, create_app
from fw_assets.fireworks import (
    AuthenticationError,
    BatchInferenceSpec,
    ChatCompletion,
    ConflictError,
    DatasetFailed,
    DeploymentSpec,
    FineTuningSpec,
    Fireworks,
    batch_results,
)

BASE = "accounts/fireworks/models/char-ngram"
CHOICES = {"type": "grammar", "grammar": 'root ::= "billing" | "technical"'}
ROWS = [
    {"messages": [{"role": "user", "content": f"{text} {number}"}, {"role": "assistant", "content": label}]}
    for number in range(12)
    for text, label in (("a refund for my invoice", "billing"), ("the app crashes with an error", "technical"))
]


def run(home: Path, work: Callable[[Fireworks], Awaitable[Any]], *, key: str | None = None) -> Any:
    async def inside() -> Any:
        transport = httpx.ASGITransport(create_app(home))
        async with Fireworks(base_url="http://embedded", api_key=key or api_key(home), transport=transport) as client:
            return await work(client)

    return asyncio.run(inside())


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_catalogue_is_read(tmp_path: Path) -> None:
    async def work(client: Fireworks) -> None:
        models = {model.name: model for model in await client.models()}
        assert models[BASE].can_tune
        assert models[BASE].fine_tuning_defaults is not None
        assert (await client.model("char-ngram")).name == BASE
        prices = await client.price_list()
        assert prices
        assert {"model", "item", "unit", "usd"} <= set(prices[0])

    run(tmp_path, work)


def test_a_wrong_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError):
        run(tmp_path, lambda client: client.datasets(), key="fw_wrong")


def test_a_dataset_there_and_back(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", ROWS)

    async def work(client: Fireworks) -> None:
        first = await client.ensure_dataset("train", path, rows=len(ROWS))
        assert first.ready
        assert await client.ensure_dataset("train", path, rows=len(ROWS)) == first
        assert [dataset.id for dataset in await client.datasets()] == ["train"]
        assert (first.estimated_token_count or 0) > 4 * len(ROWS)
        with pytest.raises(ConflictError, match="exampleCount: asked 7, found 24"):
            await client.ensure_dataset("train", path, rows=7)
        target = await client.download_dataset("train", tmp_path / "copy.jsonl")
        assert target.read_bytes() == path.read_bytes()

    run(tmp_path, work)


def test_two_runs_at_once_end_with_one_of_each(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", ROWS)
    spec = FineTuningSpec(dataset="train", base_model=BASE, output_model="m", epochs=1, lora_rank=8)

    async def one(client: Fireworks) -> tuple[str, str, str]:
        dataset = await client.ensure_dataset("train", path, rows=len(ROWS))
        job = await client.ensure_fine_tuning_job("job", spec)
        await client.wait_fine_tuning_job("job", poll_interval=0.2, timeout=60)
        deployment = await client.ensure_deployment("dep", DeploymentSpec(base_model=job.output_model))
        return dataset.create_time, job.create_time, deployment.create_time

    async def work(client: Fireworks) -> None:
        results = await asyncio.gather(*(one(client) for _ in range(4)))
        assert len(set(results)) == 1

    run(tmp_path, work)
    held = counts(tmp_path)
    assert [held[kind] for kind in ("datasets", "supervisedFineTuningJobs", "deployments")] == [1, 1, 1]


def test_a_large_dataset_takes_the_signed_way(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", ROWS)

    async def inside() -> None:
        async with Fireworks(
            base_url="http://embedded",
            api_key=api_key(tmp_path),
            transport=httpx.ASGITransport(create_app(tmp_path)),
            direct_upload_limit=100,
        ) as client:
            assert (await client.ensure_dataset("large", path, rows=len(ROWS))).ready
            assert (await client.download_dataset("large", tmp_path / "c")).read_bytes() == path.read_bytes()

    asyncio.run(inside())


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", [*ROWS, {"messages": [{"role": "user", "content": "no answer"}]}])
    with pytest.raises(DatasetFailed, match="train"):
        run(tmp_path, lambda client: client.ensure_dataset("train", path, rows=len(ROWS) + 1))


def test_from_a_file_to_answers_of_a_tuned_model(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", ROWS)
    spec = FineTuningSpec(
        dataset="train",
        base_model=BASE,
        output_model="tuned",
        epochs=3,
        learning_rate=0.1,
        lora_rank=8,
        batch_size_samples=8,
        eval_auto_carveout=False,
    )
    question = {"messages": [{"role": "user", "content": "refund my invoice"}], "logprobs": True, "temperature": 0}

    async def work(client: Fireworks) -> None:
        await client.ensure_dataset("train", path, rows=len(ROWS))
        started = await client.ensure_fine_tuning_job("job", spec)
        assert started.output_model == f"accounts/{ACCOUNT}/models/tuned"
        assert started.estimated_cost is not None
        states: list[str] = []
        job = await client.wait_fine_tuning_job(
            "job", poll_interval=0.2, timeout=120, on_progress=lambda job: states.append(job.state)
        )
        assert states[-1] == "COMPLETED"
        assert (await client.ensure_fine_tuning_job("job", spec)).succeeded
        with pytest.raises(ConflictError, match="epochs: asked 5, found 3"):
            await client.ensure_fine_tuning_job("job", spec.model_copy(update={"epochs": 5}))
        losses = [record["train/loss"] for record in await client.fine_tuning_metrics(job) if "train/loss" in record]
        assert losses[-1] < losses[0]

        await client.ensure_deployment("dep", DeploymentSpec(base_model=job.output_model))
        ready = await client.wait_deployment_ready(
            "dep", job.output_model, probe=question, poll_interval=0.2, timeout=60
        )
        answer = await client.chat({"model": ready.address, **question})
        assert answer.text == "billing"
        assert answer.confidence is not None
        assert answer.confidence > 0.5
        assert answer.prompt_tokens > 0

    run(tmp_path, work)


def test_batch_inference(tmp_path: Path) -> None:
    rows = [
        {"custom_id": str(number), "body": {"messages": [{"role": "user", "content": "billing please"}]}}
        for number in range(3)
    ]
    path = write(tmp_path / "in.jsonl", rows)
    spec = BatchInferenceSpec(
        model=BASE, input_dataset="in", output_dataset="out", extra_body={"response_format": CHOICES}
    )

    async def work(client: Fireworks) -> dict[str, str | None]:
        await client.ensure_dataset("in", path, rows=3, format="FORMAT_UNSPECIFIED")
        await client.ensure_batch_inference_job("batch", spec)
        done = await client.wait_batch_inference_job("batch", poll_interval=0.2, timeout=60)
        assert done.job_progress.successfully_processed_requests == 3
        results = batch_results(await client.download_dataset_files("out", tmp_path / "out"))
        return {key: answer.text for key, answer in results if isinstance(answer, ChatCompletion)}

    assert run(tmp_path, work) == {"0": "billing", "1": "billing", "2": "billing"}
