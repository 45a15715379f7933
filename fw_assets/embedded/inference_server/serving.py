"""Which models the inference server answers for, and the scorers of these."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import DamagedModel, EngineError
from fw_assets.embedded.engine.registry import BaseModel
from fw_assets.embedded.engine.tuned_model import MANIFEST_FILE, intact, read_manifest
from fw_assets.embedded.inference_server.adapter_copies import is_portable, remove_copy
from fw_assets.embedded.inference_server.answer_scoring import prompts_of
from fw_assets.embedded.inference_server.connection import BATCH_PATIENCE, Connection
from fw_assets.embedded.inference_server.inference_server import InferenceServer, ServedModel
from fw_assets.embedded.inference_server.served_records import ServedRecordScorer
from fw_assets.embedded.inference_server.served_scorers import ServedScorer
from fw_assets.embedded.inference_server.server_settings import ServerSettings, server_settings, shown_address
from fw_assets.embedded.settings import embedded_settings

_UNLOAD_SECONDS = 10.0


def server_of(base: BaseModel, folder: Path | None = None) -> str:
    """The address of the server that answers for a base model or the adapter in a folder; empty for this machine."""
    address = shown_address(embedded_settings())
    if address is None or base.encoders:
        return ""
    return address if folder is None or _portable_manifest(folder) is not None else ""


def served_scorer(base: BaseModel, folder: Path | None = None, *, batch: bool = False) -> ServedScorer | None:
    """The scorer of a base model, or of the adapter in a folder, at the server; None for one that is answered here.

    Args:
        batch: whether it waits for a server that is started again.

    Raises:
        DamagedModel: the folder holds no tuned model.
        EngineError: a setting is wrong.
    """
    settings = server_settings()
    if settings is None or base.encoders:
        return None
    manifest = None if folder is None else _manifest(folder)
    if manifest is not None and not is_portable(manifest):
        return None
    is_labeller = manifest is not None and not manifest.get("fields")
    scorer = ServedScorer if is_labeller else ServedRecordScorer
    return scorer(_server(settings, batch), ServedModel(base, folder), prompts_of(base), manifest)


def server_key(*, batch: bool) -> tuple[ServerSettings | None, bool]:
    """What tells scorers of one server from those of another, or of none."""
    settings = server_settings()
    return settings, batch and settings is not None


def unload(folder: Path) -> None:
    """Have the server forget the adapter in a folder that is about to be removed."""
    try:
        settings = server_settings()
        if settings is None or _portable_manifest(folder) is None:
            return
        InferenceServer(settings, Connection(settings, seconds=_UNLOAD_SECONDS)).unload(folder)
        remove_copy(folder, settings)
    except (EngineError, OSError):
        return  # what is wrong with the settings is told by the next request


@lru_cache(maxsize=8)
def _server(settings: ServerSettings, batch: bool) -> InferenceServer:
    return InferenceServer(settings, Connection(settings, BATCH_PATIENCE if batch else 0.0))


def _portable_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = _manifest(folder)
    except (DamagedModel, OSError):
        return None
    return manifest if is_portable(manifest) else None


def _manifest(folder: Path) -> dict[str, Any]:
    with intact(folder):
        stat = (folder / MANIFEST_FILE).stat()
        return _read_manifest(folder, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=64)
def _read_manifest(folder: Path, modified: int, inode: int) -> dict[str, Any]:
    return read_manifest(folder)
