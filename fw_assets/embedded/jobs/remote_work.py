"""What jobs compute on another machine: inputs and results are values, and nothing of the platform's home is needed."""

from __future__ import annotations

import platform as machine
import shutil
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Protocol

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.device.lease import patience
from fw_assets.embedded.engine.registry import base_models, find_base_model
from fw_assets.embedded.engine.scorers import load_base
from fw_assets.embedded.engine.training import TrainingRecord
from fw_assets.embedded.engine.training_run import CheckpointWritten, TrainingEvent, WorkDone
from fw_assets.embedded.inference.chat_completion import Completions, answer_all
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.micro_batcher import MAX_BATCH
from fw_assets.embedded.inference.model_cache import LoadedModel, load_files
from fw_assets.embedded.jobs.training_task import TrainingFolders, TrainingTask

Files = Mapping[str, bytes]
"""Contents by path within a folder."""
_REPORT_SECONDS = 0.3


@dataclass(frozen=True)
class Begin:
    """The begin of a training on a node, counted from 1: whatever was told before is told again."""

    attempt: int
    node: str


Message = Begin | TrainingRecord | TrainingEvent


class Mailbox(Protocol):
    """What a training reports to; it outlives the training's node."""

    def begin(self) -> tuple[int, Files]:
        """(attempt, latest checkpoint)"""

    def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
        """Whether the attempt is still the latest."""


@dataclass(frozen=True)
class BaseFiles:
    """The base model of the platform's machine, which that of a node has to be.

    Attributes:
        digest: of a language model's files.
    """

    id: str
    package: str
    digest: str | None

    def check(self) -> None:
        """Refuse a node that would compute something else.

        Raises:
            EngineError: naming the node and what differs.
        """
        node = machine.node()
        if self.id not in base_models():
            raise EngineError(
                f"the Ray node {node} has no base model {self.id}: mount it there, and name the folder by "
                "FW_LANGUAGE_MODELS"
            )
        here = base_files(self.id)
        if here.package != self.package:
            raise EngineError(
                f"the Ray node {node} has fw-assets {here.package}, and the platform {self.package}: install the same"
            )
        if here.digest is not None and here.digest != self.digest:
            raise EngineError(
                f"the files of {self.id} on the Ray node {node} are not those of the platform's machine: "
                "FW_LANGUAGE_MODELS has to hold the same model on both"
            )


@dataclass(frozen=True)
class ModelFiles:
    """A model that answers: a base model, or the files of one that was tuned.

    Attributes:
        key: tells models apart.
    """

    base: BaseFiles
    key: str
    files: Files | None


def base_files(id: str) -> BaseFiles:
    """A base model as this machine has it."""
    model = find_base_model(id).language_model
    return BaseFiles(id, version("fw-assets"), model.digest if model else None)


@patience()
def train_remotely(task: TrainingTask, base: BaseFiles, start: Files | None, mailbox: Mailbox) -> Files:
    """The files of the model that a task trains.

    Args:
        start: the adapter to continue.

    Raises:
        EngineError, WeightsError: as `TrainingTask.run`, or the node differs.
    """
    base.check()
    attempt, checkpoint = mailbox.begin()
    print(f"attempt {attempt} of the training", flush=True)
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        folders = TrainingFolders(root / "out", root / "cache", root / "checkpoints", root / "start" if start else None)
        write_files(folders.checkpoints, checkpoint)
        if folders.start and start:
            write_files(folders.start, start)
        report = _MailedReport(mailbox, attempt, folders.checkpoints)
        with patience():
            task.run(folders, report)
        report.send()
        return read_files(folders.out)


@patience()
def answer_remotely(model: ModelFiles, requests: Sequence[ChatRequest]) -> Completions:
    """The completions of requests.

    Raises:
        DamagedModel, EngineError, WeightsError: the model's files cannot be used, or the node differs.
    """
    loaded = _load(model)
    starts = range(0, len(requests), MAX_BATCH)
    created = int(time.time())
    with patience():
        return [item for at in starts for item in answer_all(loaded, requests[at : at + MAX_BATCH], created)]


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder, which may be missing."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    """Write files into a folder, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@dataclass
class _MailedReport:
    """Sends what a training tells, a few times a second."""

    mailbox: Mailbox
    attempt: int
    checkpoints: Path
    messages: list[Message] = field(default_factory=list)
    sent: float = field(default_factory=time.monotonic)

    def record(self, record: TrainingRecord) -> None:
        self._add(record)

    def _add(self, message: Message) -> None:
        self.messages.append(message)
        if time.monotonic() - self.sent > _REPORT_SECONDS:
            self.send()

    def event(self, event: TrainingEvent) -> None:
        if isinstance(event, WorkDone):
            self._add(event)
            return
        self.messages.append(event)
        self.send(read_files(self.checkpoints) if isinstance(event, CheckpointWritten) else None)

    def send(self, checkpoint: Files | None = None) -> None:
        if not self.mailbox.put(self.attempt, self.messages, checkpoint):
            raise EngineError("another attempt of this training has begun elsewhere")
        self.messages, self.sent = [], time.monotonic()


_models: dict[str, LoadedModel] = {}
"""The model that this process loaded last."""


def _load(model: ModelFiles) -> LoadedModel:
    if model.key not in _models:
        model.base.check()
        _models.clear()
        root = Path(mkdtemp())
        if model.files is None:
            base = find_base_model(model.base.id)
            loaded = LoadedModel(load_base(base.id, root / "cache"), None, read=base.read)
        else:
            write_files(root / "model", model.files)
            loaded = load_files(model.base.id, root / "model", root / "cache")
        weakref.finalize(loaded, shutil.rmtree, root, ignore_errors=True)
        _models[model.key] = loaded
    return _models[model.key]
