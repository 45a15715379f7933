"""Adapters as other servers load them: which can be, what they are called there, and where they lie."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.tuned_model import ADAPTER_CONFIG, ADAPTER_FILE, ADAPTER_FORMAT
from fw_assets.embedded.inference_server.server_settings import ServerSettings

_FILES = (ADAPTER_CONFIG, ADAPTER_FILE)


def is_portable(manifest: Mapping[str, Any]) -> bool:
    """Whether another server gives the answers of a tuned model: the adapter reads all, and the answer is generated."""
    return bool(
        manifest.get("format") == ADAPTER_FORMAT and manifest["readout"] == "generate" and manifest["adapted_prefix"]
    )


def adapter_name(folder: Path) -> str:
    """What the adapter in a folder is called at a server: a model that is trained again has another name."""
    stat = (folder / ADAPTER_FILE).stat()
    return _name(folder, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _name(folder: Path, modified: int, size: int) -> str:
    with (folder / ADAPTER_FILE).open("rb") as file:
        return f"{folder.name}-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def path_at_server(folder: Path, settings: ServerSettings) -> str:
    """Where the server finds the adapter of a folder, which is copied to where both see it if there is such a place."""
    if settings.folder is None:
        return str(folder.resolve())
    here, there = settings.folder
    name = adapter_name(folder)
    if not (here / name).is_dir():
        begun = here / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        begun.mkdir()
        try:
            for file in _FILES:
                shutil.copyfile(folder / file, begun / file)
            begun.chmod(0o755)
            begun.rename(here / name)
        except FileExistsError:
            pass  # another process was first
        except OSError:
            if not (here / name).is_dir():
                raise
        finally:
            shutil.rmtree(begun, ignore_errors=True)
    return f"{there}/{name}"


def remove_copy(folder: Path, settings: ServerSettings) -> None:
    """Remove what `path_at_server` has copied."""
    if settings.folder is not None:
        shutil.rmtree(settings.folder[0] / adapter_name(folder), ignore_errors=True)
