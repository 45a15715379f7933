"""Loaded models, kept in the process; the least recently used one goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.answer_fields import FieldConstraint, RecordWriter
from fw_assets.embedded.engine.errors import DamagedModel
from fw_assets.embedded.engine.language_model.model_folders import added_models
from fw_assets.embedded.engine.record_model import is_record_model, load
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.scorers import CalibratedScorer, Scorer, SharedScorer, TunedScorer, load_base, load_tuned
from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.engine.written_answers import Writer
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.choose_record import RecordScorer
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.inference_server.serving import served_scorer, server_key
from fw_assets.embedded.records.model_documents import require_whole_model
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

MAX_LOADED = 24

_Key = tuple[Path, str, tuple[int, int] | None, Hashable, str]


@dataclass(frozen=True)
class LoadedModel:
    """A scorer, and the form in which it was taught to answer (None for a base model).

    Attributes:
        read: from a request's messages to the text that the scorer takes.
        record: where it was taught to answer with objects of several fields; `scorer` is its base model then.
    """

    scorer: Scorer
    format: AnswerFormat | None
    record: RecordScorer | None = None
    read: Callable[[Sequence[Mapping[str, Any]]], str] = read_turns

    @property
    def taught(self) -> tuple[FieldConstraint, ...]:
        """The fields of the objects that it was taught to answer with, if it was."""
        if self.record is not None:
            return self.record.taught
        return self.scorer.fields if isinstance(self.scorer, RecordWriter) else ()

    @property
    def calibrated(self) -> CalibratedScorer | None:
        """Its scorer, where it is a base model whose answers are calibrated by default."""
        return self.scorer if self.format is None and isinstance(self.scorer, CalibratedScorer) else None

    @property
    def shares_passes(self) -> bool:
        """Whether it is an adapter whose rows are read together with those of others over its base."""
        return isinstance(self.scorer, SharedScorer) and self.scorer.shares_passes

    @property
    def writer(self) -> Writer | None:
        return self.scorer if isinstance(self.scorer, Writer) else None


_models: OrderedDict[_Key, LoadedModel] = OrderedDict()
_lock = threading.Lock()


def load_model(platform: EmbeddedPlatform, target: ServingTarget) -> LoadedModel:
    key = _key(platform, target)
    with _lock:
        # Held while loading, so that several requests for a new model do not load it several times.
        model = _models.get(key)
        if model is None:
            model = _models[key] = _load(platform, target)
            while len(_models) > MAX_LOADED:
                _models.popitem(last=False)
        _models.move_to_end(key)
        return model


def loaded_model(platform: EmbeddedPlatform, target: ServingTarget) -> LoadedModel | None:
    """The model, if it is loaded already; asks for no lock."""
    try:
        return _models.get(_key(platform, target))
    except DamagedModel:
        return None


def _key(platform: EmbeddedPlatform, target: ServingTarget) -> _Key:
    """A language model that was added again with other weights has another digest.

    Raises:
        DamagedModel: the folder of a tuned model is not there.
    """
    base = added_models().get(target.base)
    return (
        platform.home,
        str(target.folder or target.base),
        _version(target.folder),
        server_key(batch=target.batch),
        base.digest if base is not None else "",
    )


def load_files(base: str, folder: Path, cache: Path) -> LoadedModel:
    """The tuned model of a folder.

    Raises:
        DamagedModel: it holds none.
        WeightsError: weights that it needs are missing.
    """
    if is_record_model(folder):
        return _load_records(folder, cache)
    return taught(load_tuned(folder, cache), base, folder)


def taught(scorer: Scorer, base: str, folder: Path) -> LoadedModel:
    """A tuned model with the form in which it was taught to answer."""
    try:
        return LoadedModel(scorer, AnswerFormat(**scorer.notes["answer"]), read=find_base_model(base).read)
    except (KeyError, TypeError) as error:
        raise DamagedModel(f"{folder}: not a tuned model of this platform ({error})") from error


def _load(platform: EmbeddedPlatform, target: ServingTarget) -> LoadedModel:
    base = find_base_model(target.base)
    if target.folder is None:
        scorer = served_scorer(base, batch=target.batch) or load_base(target.base, platform.cache)
        return LoadedModel(scorer, None, read=base.read)
    require_whole_model(platform, target.folder.name)
    served = served_scorer(base, target.folder, batch=target.batch)
    if served is not None:
        return taught(served, target.base, target.folder)
    return load_files(target.base, target.folder, platform.cache)


def _load_records(folder: Path, cache: Path) -> LoadedModel:
    model = load(folder)
    base = load_base(model.base_model, cache)
    scorers = {item.path: TunedScorer(item.model, cache) for item in model.fields if item.model}
    record = RecordScorer({item.path: item for item in model.fields}, scorers, base)
    return LoadedModel(base, AnswerFormat(spaced=bool(model.notes.get("spaced", True))), record)


def _version(folder: Path | None) -> tuple[int, int] | None:
    """Distinguishes a tuned model from a later one of the same name.

    Raises:
        DamagedModel: its folder is not there.
    """
    if folder is None:
        return None
    try:
        stat = folder.stat()
    except FileNotFoundError:
        raise DamagedModel(f"{folder}: missing") from None
    return stat.st_ino, stat.st_mtime_ns
