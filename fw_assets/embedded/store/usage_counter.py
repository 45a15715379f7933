"""Counts of resources and of inference requests, and when each deployment was last used."""

from __future__ import annotations

import atexit
import threading
import weakref
from pathlib import Path

from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform, open_platform
from fw_assets.embedded.store.resource_names import (
    BATCH_JOBS,
    DATASETS,
    DEPLOYED_MODELS,
    DEPLOYMENTS,
    FINE_TUNING_JOBS,
    MODELS,
)

INFERENCE_REQUESTS = "inference_requests"
_FLUSH_SECONDS = 0.25

_counters: weakref.WeakKeyDictionary[EmbeddedPlatform, UsageCounter] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class UsageCounter:
    """Counts in memory and writes them a quarter of a second later: requests must not wait for the database.

    A process that is killed loses no more than that quarter of a second.
    """

    def __init__(self, platform: EmbeddedPlatform) -> None:
        self._platform = weakref.ref(platform)
        self._requests = 0
        self._last_used: dict[str, float] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def count_request(self, deployment: str | None, now: float) -> None:
        """Count one answered inference request and the use of its deployment."""
        with self._lock:
            self._requests += 1
            if deployment:
                self._last_used[deployment] = now
            if self._timer is None:
                self._timer = threading.Timer(_FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write the counts since the last flush."""
        with self._lock:
            requests, last_used = self._requests, self._last_used
            self._requests, self._last_used, self._timer = 0, {}, None
        platform = self._platform()
        if not requests or platform is None or not platform.database.path.exists():
            return
        with platform.database.write() as connection:
            connection.execute(
                "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (INFERENCE_REQUESTS, requests),
            )
            connection.executemany(
                "INSERT INTO activity (deployment, used) VALUES (?, ?) "
                "ON CONFLICT (deployment) DO UPDATE SET used = max(used, excluded.used)",
                list(last_used.items()),
            )


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
        requests = connection.execute("SELECT name, value FROM counters").fetchall()
    return dict.fromkeys(names, 0) | dict(resources) | dict(requests)


@atexit.register
def _flush_all() -> None:
    for counter in list(_counters.values()):
        counter.flush()
