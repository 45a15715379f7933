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
        max_jobs: unfinished jobs of one kind beyond which the account's quota refuses another; 0: no quota.
        fail_jobs: the code with which jobs fail once their turn has come, e.g. `INTERNAL`; the request that creates a
            job may carry this.
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
    max_jobs: int = 0
    fail_jobs: str = ""
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
    """Leave `stall` and `fail_jobs` of a request in the folder of the job that it creates, for the worker process."""
    folder = platform.job_folder(collection, id)
    for file, value in ((_STALL_FILE, faults.stall), (_FAILURE_FILE, faults.fail_jobs)):
        if value:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(str(value))


def wait_or_fail(platform: EmbeddedPlatform, collection: str, id: str) -> None:
    """Sleep for the longer of the job's own stall, once, and the file's; then fail where the job is to.

    Raises:
        RpcError: with the job's own code, once, or the file's.
    """
    failure = platform.job_folder(collection, id) / _FAILURE_FILE
    code = failure.read_text() if failure.exists() else active_faults(platform).fail_jobs
    failure.unlink(missing_ok=True)
    path = platform.job_folder(collection, id) / _STALL_FILE
    seconds = max(active_faults(platform).stall, float(path.read_text()) if path.exists() else 0.0)
    path.unlink(missing_ok=True)
    if seconds:
        time.sleep(seconds)
    if code:
        raise RpcError(code, "the job was made to fail", status=500)


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
