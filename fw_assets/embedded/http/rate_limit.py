"""Rate limit of the key: off unless `settings.json` in the home says `{"requests_per_minute": n}`."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

FILE = "settings.json"
_WINDOW_SECONDS = 60.0


class RateLimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requests_per_minute: int = 0


_settings_cache: dict[Path, tuple[int, RateLimitSettings]] = {}
_request_times: dict[Path, deque[float]] = {}


def count_request(platform: EmbeddedPlatform) -> None:
    """Count a request of this process against the limit of a sliding minute.

    Raises:
        RpcError: RESOURCE_EXHAUSTED with Retry-After and the x-ratelimit headers.
    """
    limit = _read_settings(platform.home / FILE).requests_per_minute
    if not limit:
        return
    now = platform.clock()
    times = _request_times.setdefault(platform.home, deque())
    while times and times[0] <= now - _WINDOW_SECONDS:
        times.popleft()
    if len(times) >= limit:
        wait = max(1, round(times[0] + _WINDOW_SECONDS - now + 0.5))
        raise RpcError(
            "RESOURCE_EXHAUSTED",
            f"over {limit} requests a minute",
            headers={
                "Retry-After": str(wait),
                "x-ratelimit-limit-requests": str(limit),
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-over-limit": "yes",
            },
        )
    times.append(now)


def _read_settings(path: Path) -> RateLimitSettings:
    try:
        version = path.stat().st_mtime_ns
    except FileNotFoundError:
        return RateLimitSettings()
    cached = _settings_cache.get(path)
    if cached is None or cached[0] != version:
        try:
            cached = version, msgspec.json.decode(path.read_bytes(), type=RateLimitSettings)
        except msgspec.DecodeError as error:
            raise RpcError("INTERNAL", f"{path}: cannot be read: {error}") from None
        _settings_cache[path] = cached
    return cached[1]
