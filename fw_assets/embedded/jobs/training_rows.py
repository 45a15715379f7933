"""Training and evaluation rows of a fine-tuning job, read from its datasets."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, TypeVar

from fw_assets.embedded.engine.record_training import RecordRow
from fw_assets.embedded.engine.training_spec import TrainingRow
from fw_assets.embedded.engine.turns import read_turns
from fw_assets.embedded.errors import invalid
from fw_assets.embedded.inference.answer_format import AnswerFormat, read_records, read_targets
from fw_assets.embedded.inference.token_counts import count_prompt
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.records.dataset_documents import ready_dataset
from fw_assets.embedded.records.dataset_files import read_chats
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

MAX_LABELS = 5000
RowT = TypeVar("RowT")
_CARVE_OUT_SHARE, _MAX_CARVE_OUT = 0.1, 100


@dataclass(frozen=True)
class RecordRows:
    """The rows of a job whose final answers are JSON objects of several fields.

    Attributes:
        spaced: whether the objects are written with spaces after colons and commas.
    """

    training: list[RecordRow]
    evaluation: list[RecordRow]
    spaced: bool


def read_record_rows(platform: EmbeddedPlatform, job: dict[str, Any]) -> RecordRows | None:
    """The rows of a job whose final answers are objects of the same fields, two at least; None for any other job.

    Rows of weight 0 are left out.

    Raises:
        RpcError: a dataset is gone, or no field has two values.
    """
    chats, targets = _read(platform, job["dataset"], "dataset")
    eval_name = job.get("evaluationDataset")
    eval_chats, eval_targets = _read(platform, eval_name, "evaluationDataset") if eval_name else ([], [])
    records = read_records(targets + eval_targets)
    if records is None:
        return None
    if all(len({record[name] for record in records}) < 2 for name in records[0]):
        raise invalid("dataset: every final answer is the same object, so there is nothing to learn")
    rows = [
        RecordRow(text, record, weight, tokens)
        for (text, weight, tokens), record in zip(chats + eval_chats, records, strict=True)
        if weight > 0
    ]
    split = sum(1 for _, weight, _ in chats if weight > 0)
    training, evaluation = rows[:split], rows[split:]
    if not eval_chats and job.get("evalAutoCarveout"):
        training, evaluation = _carve_out(training)
    return RecordRows(training, evaluation, any('": ' in target for target in targets))


def read_rows(
    platform: EmbeddedPlatform, job: dict[str, Any]
) -> tuple[AnswerFormat, list[TrainingRow], list[TrainingRow]]:
    """The answer format, the training rows and the evaluation rows (of a dataset, carved out, or none) of a job.

    Rows of weight 0 are left out.

    Raises:
        RpcError: a dataset is gone, or its final answers are not labels.
    """
    chats, targets = _read(platform, job["dataset"], "dataset")
    eval_name = job.get("evaluationDataset")
    eval_chats, eval_targets = _read(platform, eval_name, "evaluationDataset") if eval_name else ([], [])
    answer_format, label_sets = read_targets(targets + eval_targets)
    distinct = {label for labels in label_sets for label in labels}
    if not 2 <= len(distinct) <= MAX_LABELS:
        raise invalid(
            f"dataset: {len(distinct)} distinct final answers in {len(chats)} rows; the models of this "
            f"platform learn to answer with one of 2 to {MAX_LABELS} labels"
        )
    rows = [
        TrainingRow(text, labels, weight, tokens)
        for (text, weight, tokens), labels in zip(chats + eval_chats, label_sets, strict=True)
        if weight > 0
    ]
    split = sum(1 for _, weight, _ in chats if weight > 0)
    training, evaluation = rows[:split], rows[split:]
    if not eval_chats and job.get("evalAutoCarveout"):
        training, evaluation = _carve_out(training)
    return answer_format, training, evaluation


def _read(platform: EmbeddedPlatform, name: str, field: str) -> tuple[list[tuple[str, float, int]], list[str]]:
    """((text that the model reads, weight, tokens) of every row, final answer of every row)."""
    _, path = ready_dataset(platform, name, field)
    chats: list[tuple[str, float, int]] = []
    targets: list[str] = []
    for row in read_chats(path):
        target = row.messages[-1]
        messages = [{"role": message.role, "content": message.content} for message in row.messages]
        row_weight = row.weight if isinstance(row.weight, float) else 1.0
        target_weight = target.weight if isinstance(target.weight, float) else 1.0
        tokens = count_prompt(content_text(message.content) for message in row.messages)
        chats.append((read_turns(messages), row_weight * target_weight, tokens))
        targets.append(content_text(target.content))
    return chats, targets


def _carve_out(rows: list[RowT]) -> tuple[list[RowT], list[RowT]]:
    """(training, evaluation): 10 % of the rows, at most 100, drawn with seed 0 for evaluation."""
    count = min(math.floor(len(rows) * _CARVE_OUT_SHARE), _MAX_CARVE_OUT)
    order = list(range(len(rows)))
    random.Random(0).shuffle(order)
    held_out = set(order[:count])
    return [row for i, row in enumerate(rows) if i not in held_out], [rows[i] for i in sorted(held_out)]
