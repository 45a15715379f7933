"""Memory that runs out: smaller passes first, then one error, which takes no other request or row along."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

import torch

from fw_assets.embedded.engine.language_model import language_model, pretrained
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.jobs import worker, worker_processes
from fw_assets_tests.embedded.conftest import TEXTS, Client, grammar, labelled_rows

BASE, CHAT = "accounts/fireworks/models/tiny-llama", "/inference/v1/chat/completions"
JOBS = "/v1/accounts/local/supervisedFineTuningJobs"
LONG = "the invoice " * 60
CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139 GiB\nof which"
ERRORS = [
    torch.OutOfMemoryError(CUDA),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported at some other call"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.fixture
def platform(language_models: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    return client


@pytest.fixture
def worked(platform: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Works on the jobs of the platform in this process."""
    monkeypatch.setattr(worker_processes, "_start_worker", lambda platform: False)
    return lambda: worker.main(["--home", str(platform.home)])


def refuse_more(monkeypatch: pytest.MonkeyPatch, error: Exception, *, rows: int = 10**9, tokens: int = 10**9) -> None:
    """A device on which passes of more rows or tokens do not fit."""
    run = LanguageModel.run

    def refusing(self: LanguageModel, ids: Any, states: Any, *others: Any, **named: Any) -> Any:
        shape = (ids if ids is not None else states).shape
        if shape[0] > rows or shape[1] > tokens:
            raise error
        return run(self, ids, states, *others, **named)

    monkeypatch.setattr(LanguageModel, "run", refusing)


def question(text: str) -> dict[str, Any]:
    return {"model": BASE, "messages": [{"role": "user", "content": text}], "response_format": grammar(*TEXTS)}


@pytest.mark.parametrize("error", ERRORS, ids=range(len(ERRORS)))
def test_a_request_that_does_not_fit_takes_no_other_along(
    platform: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    texts = ["refund my invoice", LONG, "crash on start"]
    expected = [response.json()["choices"] for response in platform.at_once("POST", CHAT, [*map(question, texts)])]
    refuse_more(monkeypatch, error, tokens=100)
    first, long, last = platform.at_once("POST", CHAT, [*map(question, texts)])
    assert [first.json()["choices"], last.json()["choices"]] == [expected[0], expected[2]]
    assert long.status_code == 400
    refused = long.json()["error"]
    assert refused["code"] == "RESOURCE_EXHAUSTED"
    assert refused["message"].startswith("the memory of the platform's machine is used up: one row alone does not fit")


def test_a_row_of_a_batch_job_that_does_not_fit_is_an_error_and_the_others_are_answered(
    platform: Client, monkeypatch: pytest.MonkeyPatch, worked: Callable[[], None]
) -> None:
    refuse_more(monkeypatch, ERRORS[0], tokens=100, rows=2)
    texts = ["refund my invoice", LONG, *(f"crash on start {n}" for n in range(5))]
    states = []
    for id, some in (("mixed", texts), ("none", [LONG, f"{LONG} again"])):
        rows = [{"custom_id": str(n), "body": question(text)} for n, text in enumerate(some)]
        platform.dataset(f"in-{id}", rows)
        names = {
            "inputDatasetId": f"accounts/local/datasets/in-{id}",
            "outputDatasetId": f"accounts/local/datasets/{id}",
        }
        platform.post(f"/v1/accounts/local/batchInferenceJobs?batchInferenceJobId={id}", {"model": BASE, **names})
        worked()
        states.append(platform.get(f"/v1/accounts/local/batchInferenceJobs/{id}"))
    mixed, none = states
    assert mixed["state"] == "JOB_STATE_COMPLETED"
    assert mixed["jobProgress"]["successfullyProcessedRequests"] == len(texts) - 1
    (failed,) = (platform.home / "datasets" / "mixed" / "errors.jsonl").read_text("utf-8").splitlines()
    assert json.loads(failed)["custom_id"] == "1"
    assert json.loads(failed)["error"]["code"] == "RESOURCE_EXHAUSTED"
    assert (none["state"], none["status"]["code"]) == ("JOB_STATE_FAILED", "RESOURCE_EXHAUSTED")
    assert "one row alone does not fit" in none["status"]["message"]


def test_a_training_takes_smaller_passes_and_says_so(
    platform: Client, monkeypatch: pytest.MonkeyPatch, worked: Callable[[], None]
) -> None:
    refuse_more(monkeypatch, ERRORS[0], rows=3)
    platform.dataset("train", labelled_rows(2))
    platform.job("small", baseModel=BASE, epochs=1, batchSizeSamples=8, readout="head")
    worked()
    job = platform.get(f"{JOBS}/small")
    assert job["state"] == "JOB_STATE_COMPLETED", job
    assert job["resourceUse"]["rowsPerPass"] in (2, 3)


@pytest.mark.parametrize("error", ERRORS[:4], ids=range(4))
@pytest.mark.parametrize("place", ["load", "optimizer", "row"])
def test_a_training_that_does_not_fit_is_one_error_wherever_memory_runs_out(
    platform: Client, monkeypatch: pytest.MonkeyPatch, worked: Callable[[], None], place: str, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    if place == "load":
        language_model.load.cache_clear()
        monkeypatch.setattr(pretrained, "_load", fail)
    elif place == "optimizer":
        monkeypatch.setattr(torch.optim.AdamW, "step", fail)
    else:
        refuse_more(monkeypatch, error, rows=0)
    platform.dataset("train", labelled_rows(1))
    platform.job("large", baseModel=BASE, epochs=1, readout="head")
    worked()
    job = platform.get(f"{JOBS}/large")
    assert (job["state"], job["status"]["code"]) == ("JOB_STATE_FAILED", "RESOURCE_EXHAUSTED")
    message = job["status"]["message"]
    assert "free memory" in message
    assert "take a smaller model" in message
    assert "\n" not in message


def test_another_error_of_a_device_is_no_lack_of_memory(
    platform: Client, monkeypatch: pytest.MonkeyPatch, worked: Callable[[], None]
) -> None:
    refuse_more(monkeypatch, RuntimeError("CUDA error: device-side assert triggered"), rows=0)
    platform.dataset("train", labelled_rows(1))
    platform.job("other", baseModel=BASE, epochs=1, readout="head")
    worked()
    status = platform.get(f"{JOBS}/other")["status"]
    assert (status["code"], "device-side assert" in status["message"]) == ("INTERNAL", True)
