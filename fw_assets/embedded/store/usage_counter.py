"""How much there is and how much was done, for tests and reports."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections import Counter
from pathlib import Path

from fw_assets.embedded.store.platform import Platform, open_platform

INFERENCE = "inference_requests"
_FLUSH_SECONDS = 0.25

_tallies: weakref.WeakKeyDictionary[Platform, UsageCounter] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class UsageCounter:
    """Counts in memory, in the database a quarter of a second later; a kill loses no more than that."""

    def __init__(self, platform: Platform) -> None:
        self._platform = weakref.ref(platform)
        self._requests = 0
        self._used: dict[str, float] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def served(self, deployment: str | None, now: float) -> None:
        """Count one answered inference request, and remember that its deployment was used."""
        with self._lock:
            self._requests += 1
            if deployment:
                self._used[deployment] = now
            if self._timer is None:
                self._timer = threading.Timer(_FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what was counted since the last time."""
        with self._lock:
            requests, used = self._requests, self._used
            self._requests, self._used, self._timer = 0, {}, None
        platform = self._platform()
        if not requests or platform is None or not platform.store.path.exists():
            return
        with platform.store.write() as connection:
            connection.execute(
                "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (INFERENCE, requests),
            )
            connection.executemany(
                "INSERT INTO activity (deployment, used) VALUES (?, ?) "
                "ON CONFLICT (deployment) DO UPDATE SET used = max(used, excluded.used)",
                list(used.items()),
            )


def usage_counter(platform: Platform) -> UsageCounter:
    """The tally of a platform in this process."""
    with _lock:
        found = _tallies.get(platform)
        if found is None:
            found = _tallies[platform] = UsageCounter(platform)
        return found


def counts(home: Path) -> dict[str, int]:
    """Resources by kind (`datasets`, `supervisedFineTuningJobs`, `models`, ...), zero included, and
    `inference_requests` ever answered by the platform in `home`."""
    platform = open_platform(home)
    usage_counter(platform).flush()
    result: Counter[str] = Counter()
    result.update(
        dict.fromkeys(
            (
                "datasets",
                "supervisedFineTuningJobs",
                "models",
                "deployments",
                "deployedModels",
                "batchInferenceJobs",
            ),
            0,
        )
    )
    with platform.store.read() as connection:
        result.update(dict(connection.execute("SELECT kind, count(*) FROM resources GROUP BY kind").fetchall()))
        result.update({INFERENCE: 0} | dict(connection.execute("SELECT name, value FROM counters").fetchall()))
    return dict(result)


@atexit.register
def _flush_all() -> None:
    for found in list(_tallies.values()):
        found.flush()
