"""Import of torch and transformers, which takes seconds, before a request waits for it."""

from __future__ import annotations

import contextlib
import threading

from fw_assets.embedded.engine.language_model.model_folders import added_models, missing_packages


def import_early() -> threading.Thread | None:
    """The thread that imports what language models are asked with; None without such models or without the packages."""
    if not added_models() or missing_packages():
        return None
    thread = threading.Thread(target=_import, name="import-language-models", daemon=True)
    thread.start()
    return thread


def _import() -> None:
    # By the module that the first request begins with, so that both wait for one lock. What is wrong with an
    # installation, that request says.
    with contextlib.suppress(Exception):
        from fw_assets.embedded.engine.language_model import scorers  # noqa: F401
