"""Batch inference: many rows in one job, without a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from ._completion import ChatCompletion, parse_completion
from ._errors import FireworksError, UnexpectedResponse
from ._get_or_create import unequal_fields
from ._http import HttpClient
from ._job import Job, JobCollection
from ._logger import log
from ._names import full_name
from ._resources import Spec

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


BATCH_INFERENCE_JOBS = JobCollection(
    BatchInferenceJob, "batchInferenceJobs", "batchInferenceJobId", "batch inference job"
)


async def ensure_batch_inference_job(
    http: HttpClient, account: str, job_id: str, spec: BatchInferenceSpec
) -> BatchInferenceJob:
    """The job of this id with this specification, created when there is none."""
    body = spec.body(account)

    def differences(job: BatchInferenceJob) -> Mapping[str, tuple[Any, Any]]:
        requested = {field: body[field] for field in _ALWAYS_SHOWN}
        parameters = _comparable(body["inferenceParameters"])
        existing = _comparable(job.raw.get("inferenceParameters") or {})
        return {**unequal_fields(requested, job.raw, _ALWAYS_SHOWN), **unequal_fields(parameters, existing, ())}

    return await BATCH_INFERENCE_JOBS.get_or_create(http, account, job_id, body, differences)


def batch_results(files: tuple[Path, ...]) -> Iterator[tuple[str, ChatCompletion | FireworksError]]:
    """(custom_id, completion or error) of every row in the files of an output dataset.

    A line that names no row is left out, with a warning: its row counts as one that was not answered.
    """
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    result = _result(line)
                    if result is None:
                        log.warning("%s:%d: a line without custom_id answers no row: %.200s", path.name, number, line)
                    else:
                        yield result


def _result(line: str) -> tuple[str, ChatCompletion | FireworksError] | None:
    try:
        row = json.loads(line)
        custom_id = row["custom_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(custom_id, str | int):
        return None
    response = row.get("response") or {}
    body = response.get("body", response) if isinstance(response, dict) else {}
    if isinstance(body, dict) and "choices" in body:
        try:
            return str(custom_id), parse_completion(body)
        except UnexpectedResponse as unreadable:
            return str(custom_id), unreadable
    error = row.get("error") or (body.get("error") if isinstance(body, dict) else None) or "no response"
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(custom_id), FireworksError(str(message))


def _comparable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with `extraBody` as JSON values, of which the text may differ in spacing and order."""
    comparable = dict(parameters)
    if isinstance(comparable.get("extraBody"), str):
        try:
            comparable["extraBody"] = json.loads(comparable["extraBody"])
        except ValueError:
            return comparable
    return comparable
