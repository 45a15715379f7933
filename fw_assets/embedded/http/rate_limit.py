"""The rate limit per key: off unless `settings.json` in the home says `{"requests_per_minute": n}`."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec

from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.store.platform import Platform

FILE = "settings.json"
_WINDOW_SECONDS = 60.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requests_per_minute: int = 0


_settings: dict[Path, tuple[int, Settings]] = {}
_requests: dict[Path, deque[float]] = {}


def count(platform: Platform) -> None:
    """Count a request against the limit of the last minute, in this process.

    Raises:
        ApiError: RESOURCE_EXHAUSTED with Retry-After and the x-ratelimit headers.
    """
    limit = _read(platform.home / FILE).requests_per_minute
    if not limit:
        return
    now = platform.clock()
    seen = _requests.setdefault(platform.home, deque())
    while seen and seen[0] <= now - _WINDOW_SECONDS:
        seen.popleft()
    if len(seen) >= limit:
        wait = max(1, round(seen[0] + _WINDOW_SECONDS - now + 0.5))
        raise ApiError(
            "RESOURCE_EXHAUSTED",
            f"over {limit} requests a minute",
            headers={
                "Retry-After": str(wait),
                "x-ratelimit-limit-requests": str(limit),
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-over-limit": "yes",
            },
        )
    seen.append(now)


def _read(path: Path) -> Settings:
    try:
        mark = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Settings()
    known = _settings.get(path)
    if known is None or known[0] != mark:
        try:
            known = mark, msgspec.json.decode(path.read_bytes(), type=Settings)
        except msgspec.DecodeError as error:
            raise ApiError("INTERNAL", f"{path}: cannot be read: {error}") from None
        _settings[path] = known
    return known[1]
