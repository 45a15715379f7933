"""Loaded models, kept in the process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.engine import Scorer
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.routing import Target
from fw_assets.embedded.store.platform import Platform

MAX_LOADED = 24

_Key = tuple[Path, str, tuple[int, int] | None]


@dataclass(frozen=True)
class Loaded:
    """A model, and the form in which it was taught to answer (None for a base model)."""

    scorer: Scorer
    format: AnswerFormat | None


_loaded: OrderedDict[_Key, Loaded] = OrderedDict()
_lock = threading.Lock()


def load(platform: Platform, target: Target) -> Loaded:
    """The model behind a target, the least recently used one being let go."""
    key = (platform.home, str(target.folder or target.base), _mark(target.folder))
    with _lock:
        # Held while loading: several requests for a new model must not load it several times.
        found = _loaded.get(key)
        if found is None:
            found = _loaded[key] = _read(platform, target)
            while len(_loaded) > MAX_LOADED:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return found


def _read(platform: Platform, target: Target) -> Loaded:
    from fw_assets.embedded.engine import load_base, load_tuned

    if target.folder is None:
        return Loaded(load_base(target.base, platform.cache), None)
    scorer = load_tuned(target.folder, platform.cache)
    return Loaded(scorer, AnswerFormat(**scorer.notes["answer"]))


def _mark(folder: Path | None) -> tuple[int, int] | None:
    """Tells a model from a later one that was trained under the same name."""
    if folder is None:
        return None
    state = folder.stat()
    return state.st_ino, state.st_mtime_ns
