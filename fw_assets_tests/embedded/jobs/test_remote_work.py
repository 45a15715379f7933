"""What jobs compute elsewhere: by value, from the last checkpoint, and by nodes that have what the platform has."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.model_folders import missing_packages
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training_run import Evaluation, TrainingStep
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.chat_request import read_request
from fw_assets.embedded.jobs.remote_work import (
    Files,
    Message,
    ModelFiles,
    answer_remotely,
    base_files,
    read_files,
    train_remotely,
)
from fw_assets.embedded.jobs.training_rows import LabelRows
from fw_assets.embedded.jobs.training_task import TrainingFolders, TrainingTask
from fw_assets_tests.embedded.conftest import TEXTS

ROWS = [TrainingRow(f"{text} {number}", (label,)) for number in range(4) for label in TEXTS for text in TEXTS[label]]
TASK = TrainingTask(
    TrainingSpec("char-ngram", epochs=3.0, batch_size=4), LabelRows(AnswerFormat(), ROWS, []), "validation"
)


@dataclass
class OwnMailbox:
    """A mailbox in this process.

    Attributes:
        latest: the attempt that may still report.
        checkpoints: how many there were.
    """

    checkpoint: Files = field(default_factory=dict)
    latest: int = 0
    messages: list[Message] = field(default_factory=list)
    checkpoints: int = 0

    def begin(self) -> tuple[int, Files]:
        self.latest += 1
        return self.latest, self.checkpoint

    def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
        self.messages += messages
        if checkpoint is not None:
            self.checkpoint = checkpoint
            self.checkpoints += 1
        return attempt == self.latest


class OwnReport:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    def record(self, record: TrainingStep) -> None:
        self.messages.append(record)

    event = record


def test_a_training_elsewhere_leaves_the_files_of_one_here(tmp_path: Path) -> None:
    report = OwnReport()
    TASK.run(TrainingFolders(tmp_path / "out", tmp_path / "cache", tmp_path, None), report)  # type: ignore[arg-type]
    mailbox = OwnMailbox()
    task, base = pickle.loads(pickle.dumps((TASK, base_files("char-ngram"))))
    assert train_remotely(task, base, None, mailbox) == read_files(tmp_path / "out")
    assert mailbox.messages == report.messages
    assert len(mailbox.messages) == 36


def test_an_adapter_is_continued_elsewhere(tmp_path: Path) -> None:
    first = train_remotely(TASK, base_files("char-ngram"), None, OwnMailbox())
    again = train_remotely(TASK, base_files("char-ngram"), first, OwnMailbox())
    assert set(again) == set(first)
    assert again != first


def test_an_attempt_that_another_has_followed_ends() -> None:
    class Replaced(OwnMailbox):
        def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
            return super().put(attempt - 1, messages, checkpoint)

    with pytest.raises(EngineError, match="another attempt"):
        train_remotely(TASK, base_files("char-ngram"), None, Replaced())


def test_requests_are_answered_elsewhere_by_a_base_and_by_a_tuned_model() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "refund my invoice"}], "response_format": %s}'
    choices = b'{"type": "grammar", "grammar": "root ::= \\"billing\\" | \\"sales\\""}'
    requests = pickle.loads(pickle.dumps([read_request(body % choices)] * 70))
    base = base_files("char-ngram")
    files = train_remotely(TASK, base, None, OwnMailbox())
    for model in (ModelFiles(base, "char-ngram", None), ModelFiles(base, "tuned", files)):
        completions = answer_remotely(model, requests)
        assert len(completions) == 70
        answers = {item["choices"][0]["message"]["content"] for item in completions if isinstance(item, dict)}
        assert answers <= {"billing", "sales"}
    assert answers == {"billing"}


def test_nodes_with_another_version_or_model_are_refused() -> None:
    base = base_files("char-ngram")
    with pytest.raises(EngineError, match=r"the Ray node .* has fw-assets .*, and the platform 9\.9: install the same"):
        train_remotely(TASK, replace(base, package="9.9"), None, OwnMailbox())
    with pytest.raises(EngineError, match=r"the Ray node .* has no base model qwen: .* FW_LANGUAGE_MODELS"):
        answer_remotely(ModelFiles(replace(base, id="qwen"), "qwen", None), [])


def test_refusals_travel_whole() -> None:
    refusal = invalid("messages: empty", "messages")
    refusal.headers["Retry-After"] = "1"
    assert pickle.loads(pickle.dumps(refusal)) == refusal


class Killed(Exception):
    """Stands for the end of a node."""


class DyingMailbox(OwnMailbox):
    """A mailbox whose first node dies with its second checkpoint."""

    def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
        latest = super().put(attempt, messages, checkpoint)
        if attempt == 1 and self.checkpoints == 2:
            raise Killed
        return latest


def test_a_language_model_goes_on_elsewhere_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing_packages():
        pytest.skip("the extra llm is not installed")
    from fw_assets.embedded.engine.language_model.adding import add_language_model
    from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder

    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path))
    add_language_model("tiny-llama", str(make_folder("llama", tmp_path / "files")))
    spec = TrainingSpec("tiny-llama", lora_rank=4, learning_rate=0.01, epochs=3.0, batch_size=8)
    read = find_base_model("tiny-llama").read
    texts = [read([{"role": "user", "content": row.text}]) for row in ROWS]
    rows = [TrainingRow(text, row.labels, answer=row.labels[0]) for text, row in zip(texts, ROWS, strict=True)]
    task = TrainingTask(spec, LabelRows(AnswerFormat(), rows, rows[:4]), "head")
    undisturbed, killed = OwnMailbox(), DyingMailbox()
    files = train_remotely(task, base_files("tiny-llama"), None, undisturbed)
    with pytest.raises(Killed):
        train_remotely(task, base_files("tiny-llama"), None, killed)
    killed.messages.clear()
    assert train_remotely(task, base_files("tiny-llama"), None, killed) == files
    # One that began anew would have left two more.
    assert (undisturbed.checkpoints, killed.checkpoints) == (2, 2)
    told, told_again = (
        [item for item in mailbox.messages if isinstance(item, TrainingStep | Evaluation)]
        for mailbox in (undisturbed, killed)
    )
    assert told == told_again
    other = replace(base_files("tiny-llama"), digest="0" * 64)
    with pytest.raises(EngineError, match=r"the files of tiny-llama on the Ray node .* FW_LANGUAGE_MODELS has to hold"):
        train_remotely(task, other, None, OwnMailbox())
