"""One embedded platform: its home folder, its database, its clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from fw_assets.embedded.store.database import Database
from fw_assets.embedded.store.secret_files import api_key, signing_key
from fw_assets.embedded.store.timestamps import format_timestamp

_open_platforms: dict[Path, EmbeddedPlatform] = {}
_open_lock = threading.Lock()


class EmbeddedPlatform:
    """State and settings that every part of the server shares.

    Attributes:
        home: the folder that holds all state.
        clock: seconds since the epoch; tests put their own here.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        self.home = home
        self.clock = clock
        home.mkdir(parents=True, exist_ok=True)
        self.database = Database(home / "platform.sqlite", expected=_has_files(home))

    @cached_property
    def api_key(self) -> str:
        return api_key(self.home)

    @cached_property
    def signing_key(self) -> bytes:
        return signing_key(self.home)

    @property
    def cache(self) -> Path:
        """The folder for what the engine can compute again: embeddings, graphs."""
        return self.home / "cache"

    def dataset_folder(self, id: str) -> Path:
        return self.home / "datasets" / id

    def model_folder(self, id: str) -> Path:
        return self.home / "models" / id

    def job_folder(self, collection: str, id: str) -> Path:
        return self.home / "jobs" / collection / id

    def timestamp(self) -> str:
        return format_timestamp(self.clock())


def _has_files(home: Path) -> bool:
    """Whether the home holds datasets or models, which only its database describes."""
    return any(True for folder in ("datasets", "models") for _ in (home / folder).glob("[!.]*"))


def open_platform(home: Path) -> EmbeddedPlatform:
    """The platform in `home`; one object per process, so that apps share its connections."""
    home = home.expanduser().resolve()
    with _open_lock:
        platform = _open_platforms.get(home)
        # A home that was removed and made again is another platform.
        if platform is None or not platform.database.path.exists():
            platform = _open_platforms[home] = EmbeddedPlatform(home)
        return platform


def open_platforms() -> list[EmbeddedPlatform]:
    """The platforms that this process has opened."""
    with _open_lock:
        return list(_open_platforms.values())
