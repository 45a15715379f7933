"""Counts of resources and of inference requests, and when each deployment was last used."""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform, open_platform
from fw_assets.embedded.store.resource_names import (
    BATCH_JOBS,
    DATASETS,
    DEPLOYED_MODELS,
    DEPLOYMENTS,
    FINE_TUNING_JOBS,
    MODELS,
    split_name,
)
from fw_assets.embedded.store.timestamps import format_timestamp, parse_duration

INFERENCE_REQUESTS = "inference_requests"
_BILLED = "billed"
_FLUSH_SECONDS = 0.25

_counters: weakref.WeakKeyDictionary[EmbeddedPlatform, UsageCounter] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class BilledUsage(NamedTuple):
    """What one day's requests used: tokens of a base model (`name`), or milliseconds of a deployment (`name`)."""

    item: str
    batch: bool
    name: str
    quantity: int


class UsageCounter:
    """Counts in memory and writes them a quarter of a second later: requests must not wait for the database.

    A process that is killed loses no more than that quarter of a second.
    """

    def __init__(self, platform: EmbeddedPlatform) -> None:
        self._platform = weakref.ref(platform)
        self._requests = 0
        self._last_used: dict[str, float] = {}
        self._tokens: Counter[str] = Counter()
        self._timer: threading.Timer | None = None
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def count_request(
        self, deployment: str | None, now: float, base: str, tokens: Mapping[str, int], *, batch: bool
    ) -> None:
        """Count one answered request: the use of its deployment, or else the tokens (by item) of its base model."""
        with self._lock:
            self._requests += 1
            if deployment:
                self._last_used[deployment] = now
            else:
                for item, count in tokens.items():
                    self._tokens[_counter_name(now, item, base, batch=batch)] += count
            if self._timer is None:
                self._timer = threading.Timer(_FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write the counts since the last flush; what another thread is writing is written as well when it returns."""
        with self._writing:
            with self._lock:
                requests, last_used, tokens = self._requests, self._last_used, self._tokens
                self._requests, self._last_used, self._tokens, self._timer = 0, {}, Counter(), None
            platform = self._platform()
            if requests and platform is not None and platform.database.path.exists():
                _write(platform, requests, last_used, tokens)

    def billed(self) -> list[tuple[str, BilledUsage]]:
        """The usage of each day (ISO date, UTC)."""
        self.flush()
        platform = self._platform()
        if platform is None:
            return []
        with platform.database.read() as connection:
            rows = connection.execute(
                "SELECT name, value FROM counters WHERE name GLOB ?", (f"{_BILLED}/*",)
            ).fetchall()
        return [_parse_counter(name, value) for name, value in rows]


def _write(platform: EmbeddedPlatform, requests: int, last_used: Mapping[str, float], tokens: Counter[str]) -> None:
    with platform.database.write() as connection:
        for name, now in last_used.items():
            tokens[_counter_name(now, "deployment-hour", name)] += _milliseconds_up(connection, name, now)
        connection.executemany(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            [(INFERENCE_REQUESTS, requests), *tokens.items()],
        )
        connection.executemany(
            "INSERT INTO activity (deployment, used) VALUES (?, ?) "
            "ON CONFLICT (deployment) DO UPDATE SET used = max(used, excluded.used)",
            list(last_used.items()),
        )


def _counter_name(now: float, item: str, name: str, *, batch: bool = False) -> str:
    return f"{_BILLED}/{format_timestamp(now)[:10]}/{item}/{'batch' if batch else 'online'}/{name}"


def _parse_counter(name: str, value: int) -> tuple[str, BilledUsage]:
    _, day, item, way, rest = name.split("/", 4)
    return day, BilledUsage(item, way == "batch", rest, value)


def _milliseconds_up(connection: sqlite3.Connection, deployment: str, now: float) -> int:
    """Time since the use before, at most the window after which it had scaled to zero."""
    row = connection.execute("SELECT used FROM activity WHERE deployment = ?", (deployment,)).fetchone()
    account, id = split_name(deployment, DEPLOYMENTS, "deployment")
    document = documents.find(connection, DEPLOYMENTS, account, id)
    if row is None or document is None:
        return 0
    window = parse_duration(document["autoscalingPolicy"]["scaleToZeroWindow"], "scaleToZeroWindow")
    return round(1000 * min(max(0.0, now - float(row[0])), window))


def usage_counter(platform: EmbeddedPlatform) -> UsageCounter:
    """The counter of a platform in this process."""
    with _lock:
        counter = _counters.get(platform)
        if counter is None:
            counter = _counters[platform] = UsageCounter(platform)
        return counter


def counts(home: Path) -> dict[str, int]:
    """Resources by collection (`datasets`, `supervisedFineTuningJobs`, ...), zeros included, and `inference_requests`,
    the number that the platform in `home` has ever answered."""
    platform = open_platform(home)
    usage_counter(platform).flush()
    names = (DATASETS, FINE_TUNING_JOBS, MODELS, DEPLOYMENTS, DEPLOYED_MODELS, BATCH_JOBS, INFERENCE_REQUESTS)
    with platform.database.read() as connection:
        resources = connection.execute("SELECT kind, count(*) FROM resources GROUP BY kind").fetchall()
        requests = connection.execute(
            "SELECT name, value FROM counters WHERE name = ?", (INFERENCE_REQUESTS,)
        ).fetchall()
    return dict.fromkeys(names, 0) | dict(resources) | dict(requests)


@atexit.register
def flush_counts() -> None:
    """Write what every platform in this process has counted; a forked process comes to its end without doing so."""
    for counter in list(_counters.values()):
        # A full disk is told by whatever else needs it, and must not take the place of that.
        with contextlib.suppress(OSError, sqlite3.Error, RpcError):
            counter.flush()
