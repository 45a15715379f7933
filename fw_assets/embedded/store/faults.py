"""Faults on demand, for tests and rehearsals: failures that a remote platform shows.

Set for one request that carries the key by the header `x-fw-faults`, or for all by `faults.json` in the home; both hold
one JSON object with the fields of `Faults`. A header's fields win over the file's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from fw_assets.embedded.errors import HTTP_STATUS, RpcError, invalid
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

FILE = "faults.json"
HEADER = b"x-fw-faults"


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults that are active; rates are probabilities per request.

    Attributes:
        delay: seconds before a request is handled.
        rate_429, rate_5xx: requests that are refused before anything is done.
        refuse: method, status and words with which requests are refused, such as `POST 403 not for this account`.
        drop: requests that are done, after which the connection closes without a response.
        truncate: requests that are done, of whose body half is sent.
        lacks: text of the paths of calls that the platform does not have, and answers with 404.
        quote: US dollars that a fine-tuning job is estimated to cost, whatever its price; 0: its price.
        accelerators: what deployments run on, such as `4 x NVIDIA_H200_141GB`.
        merged_accelerators: the same for those of fine-tuned models, which are merged into their base.
        ignore_validate_only: whether deployments that are only to be validated are created.
        stall: seconds for which a job stays in RUNNING without progress; the request that creates it may carry this.
        pending: seconds from its creation for which a job waits in PENDING for its turn; the request that creates a
            job may carry this.
        pending_passed: seconds by which every job has waited for longer than it did.
        max_jobs: unfinished jobs of one kind beyond which the account's quota refuses another; 0: no quota.
        fail_jobs: the code with which jobs fail once their turn has come, e.g. `INTERNAL`; the request that creates a
            job may carry this.
        end_jobs: the state in which jobs end once their turn has come, without a reason; an expired batch job keeps the
            first half of its rows. The request that creates a job may carry this.
        live_merge: where fine-tuned models are merged into their base: everywhere; `on shapes`: on those that are
            named; `never`.
        addons: whether adapters can be loaded onto a deployment of their base.
        fail_deployments: the code with which deployments that are created fail instead of becoming READY.
        idle_days: days by which every deployment has been idle for longer than it was: after seven it is removed.
        unknown_state: the name that answers give to the state RUNNING.
        late_routing: seconds after READY in which a deployment still answers 404.
        reasoning: how models behave that are no mere classifiers: `refused`, they do not reason and refuse every
            `reasoning_effort`; `ignored`, they think whatever they are told, so that `max_tokens` end within their
            reasoning; `required`, they do that and refuse to be told not to.
        serve_base: whether a tuned model answers with its base model.
        paths: text that a path must contain for the other fields to concern it.
    """

    delay: float = 0.0
    rate_429: float = 0.0
    rate_5xx: float = 0.0
    refuse: str = ""
    drop: float = 0.0
    truncate: float = 0.0
    lacks: str = ""
    quote: float = 0.0
    accelerators: str = ""
    merged_accelerators: str = ""
    ignore_validate_only: bool = False
    stall: float = 0.0
    pending: float = 0.0
    pending_passed: float = 0.0
    max_jobs: int = 0
    fail_jobs: str = ""
    end_jobs: Literal["", "CANCELLED", "DELETED", "EXPIRED"] = ""
    live_merge: Literal["", "on shapes", "never"] = ""
    addons: bool = True
    fail_deployments: str = ""
    idle_days: float = 0.0
    unknown_state: str = ""
    late_routing: float = 0.0
    reasoning: Literal["", "refused", "ignored", "required"] = ""
    serve_base: bool = False
    paths: str = ""


NO_FAULTS = Faults()
_SCOPE_KEY = "fw_assets.faults"
_STALL_FILE = "stall"
_FAILURE_FILE = "failure"
_PENDING_FILE = "pending"
_ENDING_FILE = "ending"
_file_cache: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}


def active_faults(platform: EmbeddedPlatform, header: bytes | None = None) -> Faults:
    """The faults of the file and the header.

    Raises:
        RpcError: INVALID_ARGUMENT when one of them cannot be read.
    """
    fields = _read_file(platform.home / FILE)
    if header is None and not fields:
        return NO_FAULTS
    try:
        merged = fields | (msgspec.json.decode(header, type=dict[str, Any]) if header else {})
        return msgspec.convert(merged, Faults)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the faults cannot be read: {error}") from None


def attach(scope: MutableMapping[str, Any], faults: Faults) -> Faults:
    """Store with a request the faults that concern its path, and return them."""
    attached = scope[_SCOPE_KEY] = faults if faults.paths in scope["path"] else NO_FAULTS
    return attached


def attached_faults(scope: Mapping[str, Any]) -> Faults:
    faults: Faults = scope[_SCOPE_KEY]
    return faults


def stated_refusal(faults: Faults, method: str) -> RpcError | None:
    """The refusal of `refuse`, of a request with this method.

    Raises:
        RpcError: INVALID_ARGUMENT when it is none.
    """
    if not faults.refuse:
        return None
    wanted, _, rest = faults.refuse.partition(" ")
    status, _, words = rest.partition(" ")
    if not status.isdecimal() or not 400 <= int(status) <= 599:
        raise invalid(f"refuse: {faults.refuse!r}; expected for example 'POST 403 not for this account'")
    if wanted != method:
        return None
    code = next((name for name, number in HTTP_STATUS.items() if number == int(status)), "FAILED_PRECONDITION")
    return RpcError(code, words, status=int(status))


def random_refusal(faults: Faults) -> RpcError | None:
    """The refusal of a request, drawn at the rates of the faults."""
    if happens(faults.rate_429):
        return RpcError("RESOURCE_EXHAUSTED", "rate limit exceeded", headers={"Retry-After": "1"})
    if happens(faults.rate_5xx):
        return RpcError("UNAVAILABLE", "the service is overloaded", status=random.choice((500, 502, 503, 504)))
    return None


def happens(rate: float) -> bool:
    return bool(rate) and random.random() < rate


def store_job_faults(platform: EmbeddedPlatform, faults: Faults, collection: str, id: str) -> None:
    """Leave a request's faults of jobs in the folder of the job that it creates, for the worker process."""
    folder = platform.job_folder(collection, id)
    values = (faults.stall, faults.fail_jobs, faults.pending, faults.end_jobs)
    for file, value in zip((_STALL_FILE, _FAILURE_FILE, _PENDING_FILE, _ENDING_FILE), values, strict=True):
        if value:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(str(value))


def is_pending(platform: EmbeddedPlatform, collection: str, id: str, created: float) -> bool:
    """Whether a job that was created at this time still waits for its turn."""
    active, own = active_faults(platform), _own_fault(platform, collection, id, _PENDING_FILE)
    waited = platform.clock() - created + active.pending_passed
    return waited < max(active.pending, float(own or 0))


def wait_or_fail(platform: EmbeddedPlatform, collection: str, id: str) -> str:
    """Sleep for the longer of the job's own stall, once, and the file's; then fail where the job is to.

    Returns:
        The state of `end_jobs`: the job's own, once, or the file's.

    Raises:
        RpcError: with the job's own code, once, or the file's.
    """
    active = active_faults(platform)
    stall, failure, ending = (
        _own_fault(platform, collection, id, file) for file in (_STALL_FILE, _FAILURE_FILE, _ENDING_FILE)
    )
    for file in (_STALL_FILE, _FAILURE_FILE, _ENDING_FILE, _PENDING_FILE):
        (platform.job_folder(collection, id) / file).unlink(missing_ok=True)
    seconds = max(active.stall, float(stall or 0))
    if seconds:
        time.sleep(seconds)
    if code := failure or active.fail_jobs:
        raise RpcError(code, "the job was made to fail", status=500)
    return ending or active.end_jobs


def _own_fault(platform: EmbeddedPlatform, collection: str, id: str, file: str) -> str:
    """The fault that the request of a job left in this file; empty without."""
    try:
        return (platform.job_folder(collection, id) / file).read_text()
    except FileNotFoundError:
        return ""


def rename_state(faults: Faults, job: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document, with RUNNING under the name of the `unknown_state` fault."""
    name = faults.unknown_state
    return {**job, "state": name} if name and job["state"] == "JOB_STATE_RUNNING" else dict(job)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    version = (stat.st_mtime_ns, stat.st_size)
    cached = _file_cache.get(path)
    if cached is None or cached[0] != version:
        try:
            cached = version, msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(f"{path}: the faults cannot be read: {error}") from None
        _file_cache[path] = cached
    return cached[1]
