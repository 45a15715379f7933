"""Time on the wire: timestamps of RFC 3339 in UTC, durations such as `300s`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fw_assets.embedded.errors import invalid

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def format_timestamp(seconds: float) -> str:
    """Seconds since the epoch as `2026-01-31T12:00:00.123456Z`, which sorts as text in order of time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_duration(value: object, field: str) -> float:
    """The seconds of a duration such as `30s`, `10m` or `1h`.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise invalid(f"{field}: {value!r} is not a duration such as 300s, 5m or 1h", field)
    return float(match[1]) * _SECONDS[match[2]]
