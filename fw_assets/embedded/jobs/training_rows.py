"""Training and evaluation rows of a fine-tuning job, read from its datasets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeVar

from fw_assets.embedded.engine.record_training import RecordRow
from fw_assets.embedded.engine.registry import BaseModel, find_base_model
from fw_assets.embedded.engine.training_spec import TrainingRow
from fw_assets.embedded.errors import invalid, not_found
from fw_assets.embedded.inference.answer_format import AnswerFormat, read_targets
from fw_assets.embedded.inference.taught_records import read_records
from fw_assets.embedded.inference.token_counts import count_prompt
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.records.dataset_documents import ready_dataset
from fw_assets.embedded.records.dataset_files import read_chats
from fw_assets.embedded.records.model_documents import base_id, find_model
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

MAX_LABELS = 5000
RowT = TypeVar("RowT")
_CARVE_OUT_SHARE, _MAX_CARVE_OUT = 0.1, 100


@dataclass(frozen=True)
class LabelRows:
    """The rows of a job whose final answers are labels, in one format.

    Attributes:
        evaluation: of a dataset, carved out of the training rows, or none.
    """

    answer_format: AnswerFormat
    training: list[TrainingRow]
    evaluation: list[TrainingRow]


@dataclass(frozen=True)
class RecordRows:
    """The rows of a job whose final answers are JSON objects of the same fields, two at least.

    Attributes:
        evaluation: as of `LabelRows`.
    """

    answer_format: AnswerFormat
    training: list[RecordRow]
    evaluation: list[RecordRow]


def read_rows(platform: EmbeddedPlatform, job: dict[str, Any]) -> LabelRows | RecordRows:
    """The rows of a job, those of weight 0 left out.

    Raises:
        RpcError: a dataset is gone, its final answers are not labels, or no field of them has two values.
    """
    base = find_model(platform, job["baseModel"])
    if base is None:
        raise not_found(job["baseModel"])
    model = find_base_model(base_id(base))
    chats, targets = _read(platform, job["dataset"], "dataset", model)
    rows = len(chats)
    if job.get("evaluationDataset"):
        eval_chats, eval_targets = _read(platform, job["evaluationDataset"], "evaluationDataset", model)
        chats, targets = chats + eval_chats, targets + eval_targets
    carves = len(chats) == rows and bool(job.get("evalAutoCarveout"))
    counted = [weight > 0 for _, weight, _ in chats]
    if not any(counted[:rows]):
        raise invalid("dataset: every row has weight 0, so there is nothing to learn", "dataset")

    def divided(learned: Iterable[RowT]) -> tuple[list[RowT], list[RowT]]:
        """(training, evaluation)"""
        every = list(compress(learned, counted))
        split = sum(counted[:rows])
        return _carve_out(every) if carves else (every[:split], every[split:])

    records = read_records(targets)
    if records is not None:
        if all(len({record[name] for record in records}) < 2 for name in records[0]):
            raise invalid("dataset: every final answer is the same object, so there is nothing to learn")
        learned = (
            RecordRow(text, record, weight, tokens)
            for (text, weight, tokens), record in zip(chats, records, strict=True)
        )
        spaced = any('": ' in target for target in targets)
        return RecordRows(AnswerFormat(spaced=spaced), *divided(learned))
    answer_format, label_sets = read_targets(targets)
    distinct = {label for labels in label_sets for label in labels}
    if not 2 <= len(distinct) <= MAX_LABELS:
        raise invalid(
            f"dataset: {len(distinct)} distinct final answers in {rows} rows; the models of this "
            f"platform learn to answer with one of 2 to {MAX_LABELS} labels"
        )
    labelled = (
        TrainingRow(text, labels, weight, tokens, "" if model.encoders else target.strip())
        for (text, weight, tokens), labels, target in zip(chats, label_sets, targets, strict=True)
    )
    return LabelRows(answer_format, *divided(labelled))


def _read(
    platform: EmbeddedPlatform, name: str, field: str, model: BaseModel
) -> tuple[list[tuple[str, float, int]], list[str]]:
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
        chats.append((model.read(messages), row_weight * target_weight, tokens))
        targets.append(content_text(target.content))
    return chats, targets


def _carve_out(rows: list[RowT]) -> tuple[list[RowT], list[RowT]]:
    """(training, evaluation): 10 % of the rows, at most 100, drawn with seed 0 for evaluation."""
    count = min(math.floor(len(rows) * _CARVE_OUT_SHARE), _MAX_CARVE_OUT)
    order = list(range(len(rows)))
    random.Random(0).shuffle(order)
    held_out = set(order[:count])
    return [row for i, row in enumerate(rows) if i not in held_out], [rows[i] for i in sorted(held_out)]
