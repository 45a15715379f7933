"""Faults on demand, for tests and rehearsals: what a remote platform does on a bad day.

Set for one request by the header `x-fw-faults`, or for all by `faults.json` in the home; both hold one JSON
object with the fields of `Faults`. A header's fields win over the file's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.store.platform import Platform

FILE = "faults.json"
HEADER = b"x-fw-faults"


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates are probabilities per request.

    `delay`: seconds before a request is looked at. `rate_429`, `rate_5xx`: refused before anything is done.
    `drop`: done, then the connection closes without a response. `truncate`: done, then half the body comes.
    `stall`: seconds for which a job sits in RUNNING without progress; the request that creates it may carry this.
    `unknown_state`: what RUNNING is called in answers.
    `late_routing`: seconds after READY in which a deployment still answers 404. `serve_base`: a tuned model
    answers with its base model. `paths`: only paths that contain this text are concerned.
    """

    delay: float = 0.0
    rate_429: float = 0.0
    rate_5xx: float = 0.0
    drop: float = 0.0
    truncate: float = 0.0
    stall: float = 0.0
    unknown_state: str = ""
    late_routing: float = 0.0
    serve_base: bool = False
    paths: str = ""


NONE = Faults()
_HELD = "fw_assets.faults"
_STALL = "stall"
_cache: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}


def current(platform: Platform, header: bytes | None = None) -> Faults:
    """The faults that hold now.

    Raises:
        ApiError: INVALID_ARGUMENT when the header or the file cannot be read.
    """
    given = _file(platform.home / FILE)
    if header is None and not given:
        return NONE
    try:
        merged = given | (msgspec.json.decode(header, type=dict[str, Any]) if header else {})
        return msgspec.convert(merged, Faults)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"the faults cannot be read: {error}") from None


def hold(scope: MutableMapping[str, Any], faults: Faults) -> Faults:
    """Keep with a request the faults that concern its path, and give them."""
    held = scope[_HELD] = faults if faults.paths in scope["path"] else NONE
    return held


def of(scope: Mapping[str, Any]) -> Faults:
    """A request's faults."""
    found: Faults = scope[_HELD]
    return found


def refusal(faults: Faults) -> ApiError | None:
    """The refusal that chance gives a request, if any."""
    if faults.rate_429 and random.random() < faults.rate_429:
        return ApiError("RESOURCE_EXHAUSTED", "rate limit exceeded", headers={"Retry-After": "1"})
    if faults.rate_5xx and random.random() < faults.rate_5xx:
        return ApiError("UNAVAILABLE", "the service is overloaded", status=random.choice((500, 502, 503, 504)))
    return None


def happens(rate: float) -> bool:
    return bool(rate) and random.random() < rate


def keep_stall(platform: Platform, active: Faults, collection: str, id: str) -> None:
    """Let the job that a request creates stall as the request's faults say."""
    if active.stall:
        folder = platform.job_folder(collection, id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _STALL).write_text(str(active.stall))


def stall(platform: Platform, collection: str, id: str) -> None:
    """Sit still for as long as the `stall` fault of a job, or of the file, says."""
    kept = platform.job_folder(collection, id) / _STALL
    seconds = max(current(platform).stall, float(kept.read_text()) if kept.exists() else 0.0)
    kept.unlink(missing_ok=True)
    if seconds:
        time.sleep(seconds)


def rename_state(active: Faults, job: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document, with RUNNING under the name of the `unknown_state` fault."""
    name = active.unknown_state
    return {**job, "state": name} if name and job["state"] == "JOB_STATE_RUNNING" else dict(job)


def _file(path: Path) -> dict[str, Any]:
    try:
        state = path.stat()
    except FileNotFoundError:
        return {}
    mark = (state.st_mtime_ns, state.st_size)
    known = _cache.get(path)
    if known is None or known[0] != mark:
        try:
            known = mark, msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise invalid(f"{path}: the faults cannot be read: {error}") from None
        _cache[path] = known
    return known[1]
