"""Batch inference: many rows in one job, without a deployment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from ._completion import ChatCompletion, read_completion
from ._ensure import ensure, unequal_fields
from ._errors import FireworksError, UnexpectedAnswer
from ._http import Wire
from ._job import Job, wait_succeeded
from ._names import check_id, full_name, resource_path
from ._values import Spec, read

COLLECTION = "batchInferenceJobs"
_ALWAYS_SHOWN = ("model", "inputDatasetId", "outputDatasetId")


class BatchInferenceSpec(Spec):
    """What to ask. Rows of the input are `{"custom_id", "body"}`; `extra_body` goes into every request."""

    model: str
    input_dataset: str
    output_dataset: str
    display_name: str | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1)
    extra_body: dict[str, Any] | None = None

    def body(self, account: str) -> dict[str, Any]:
        """The body of the create request."""
        parameters: dict[str, Any] = {
            "maxTokens": self.max_tokens,
            "temperature": self.temperature,
            "topP": self.top_p,
            "topK": self.top_k,
            "n": self.n,
            "extraBody": None if self.extra_body is None else json.dumps(self.extra_body, separators=(",", ":")),
        }
        body: dict[str, Any] = {
            "model": self.model,
            "inputDatasetId": full_name(self.input_dataset, account, "datasets"),
            "outputDatasetId": full_name(self.output_dataset, account, "datasets"),
            "inferenceParameters": {name: value for name, value in parameters.items() if value is not None},
        }
        if self.display_name:
            body["displayName"] = self.display_name[:63]
        return body


class BatchInferenceJob(Job):
    """A batch job. One that EXPIRED has kept the rows it finished."""

    model: str = ""
    input_dataset_id: str = ""
    output_dataset_id: str = ""


async def get_batch(wire: Wire, account: str, job_id: str) -> BatchInferenceJob:
    """One job."""
    return read(BatchInferenceJob, await wire.get(resource_path(full_name(job_id, account, COLLECTION))))


async def ensure_batch(wire: Wire, account: str, job_id: str, spec: BatchInferenceSpec) -> BatchInferenceJob:
    """The job of this id with this specification, created when there is none."""
    check_id(job_id)
    body = spec.body(account)

    async def create() -> BatchInferenceJob:
        path = f"/v1/accounts/{account}/{COLLECTION}"
        return read(BatchInferenceJob, await wire.post(path, body, {"batchInferenceJobId": job_id}))

    def differences(job: BatchInferenceJob) -> Mapping[str, tuple[Any, Any]]:
        asked = {field: body[field] for field in _ALWAYS_SHOWN}
        unequal = unequal_fields(asked, job.raw, _ALWAYS_SHOWN)
        shown = job.raw.get("inferenceParameters") or {}
        return {**unequal, **unequal_fields(_comparable(body["inferenceParameters"]), _comparable(shown), ())}

    return await ensure(
        f"batch inference job {job_id}",
        fetch=lambda: get_batch(wire, account, job_id),
        create=create,
        differences=differences,
        clock=wire.clock,
        patience=wire.patience,
    )


async def wait_batch(
    wire: Wire,
    account: str,
    job_id: str,
    *,
    every: float,
    ceiling: float,
    stall: float | None,
    on_progress: Callable[[BatchInferenceJob], Any] | None,
) -> BatchInferenceJob:
    """The job once it has COMPLETED. A model that cannot be batched stays PENDING for ever: mind `stall`."""
    return await wait_succeeded(
        f"batch inference job {job_id}",
        lambda: get_batch(wire, account, job_id),
        clock=wire.clock,
        every=every,
        ceiling=ceiling,
        stall=stall,
        on_progress=on_progress,
    )


def batch_results(files: tuple[Path, ...]) -> Iterator[tuple[str, ChatCompletion | FireworksError]]:
    """(custom_id, completion or error) of every row in the files of an output dataset."""
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _result(line, f"{path.name}:{number}")


def _result(line: str, place: str) -> tuple[str, ChatCompletion | FireworksError]:
    try:
        row = json.loads(line)
        custom_id = str(row["custom_id"])
    except (ValueError, KeyError, TypeError):
        raise UnexpectedAnswer(f"{place}: expected an object with custom_id") from None
    response = row.get("response") or {}
    body = response.get("body", response) if isinstance(response, dict) else {}
    if isinstance(body, dict) and "choices" in body:
        return custom_id, read_completion(body)
    error = row.get("error") or (body.get("error") if isinstance(body, dict) else None) or "no response"
    message = error.get("message", error) if isinstance(error, dict) else error
    return custom_id, FireworksError(str(message))


def _comparable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(parameters)
    if isinstance(found.get("extraBody"), str):
        try:
            found["extraBody"] = json.loads(found["extraBody"])
        except ValueError:
            return found
    return found
