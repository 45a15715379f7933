"""The training of a fine-tuning job by value: it can be done by another process, or on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.record_model import RecordModel, is_record_model
from fw_assets.embedded.engine.record_model import load as load_records
from fw_assets.embedded.engine.record_training import object_rows, train_records
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training import TrainingRecord, train, train_adapter
from fw_assets.embedded.engine.training_run import TrainingEvent
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.engine.tuned_model import TunedModel, load
from fw_assets.embedded.jobs.training_rows import LabelRows, RecordRows
from fw_assets.embedded.settings import ReadoutRule


class TrainingReport(Protocol):
    """What a training tells while it goes on."""

    def record(self, record: TrainingRecord) -> None:
        """A record of the metrics."""

    def event(self, event: TrainingEvent) -> None:
        """What is no record."""


class RemoteReport(TrainingReport, Protocol):
    """As `TrainingReport`, of a training that may begin again."""

    def restart(self) -> None:
        """Every record is told again from the first."""


@dataclass(frozen=True)
class TrainingFolders:
    """The folders of one training.

    Attributes:
        out: the tuned model's; it is not there yet.
        cache: for what can be computed again.
        checkpoints: from which a language model's training goes on.
        start: the adapter to continue, if any.
    """

    out: Path
    cache: Path
    checkpoints: Path
    start: Path | None


@dataclass(frozen=True)
class TrainingTask:
    """Hyper-parameters, rows, and how a language model's label is read."""

    spec: TrainingSpec
    rows: LabelRows | RecordRows
    readout: ReadoutRule

    @property
    def is_language_model(self) -> bool:
        return not find_base_model(self.spec.base_model).encoders

    def run(self, folders: TrainingFolders, report: TrainingReport) -> None:
        """Train the model and write its files.

        Raises:
            EngineError: it cannot be trained so, or the adapter to continue is of another kind.
            WeightsError: the base model is not on this machine.
        """
        rows, spec = self.rows, self.spec
        if self.is_language_model:
            fields, training, evaluation = _language_rows(rows)
            many = isinstance(rows, LabelRows) and rows.answer_format.many
            train_adapter(
                *(spec, training, evaluation, folders.out, folders.cache, many),
                report.record,
                notes={"answer": rows.answer_format.to_notes()},
                start=folders.start,
                checkpoints=folders.checkpoints,
                readout=self.readout,
                on_event=report.event,
                fields=fields,
                spaced=rows.answer_format.spaced,
            )
        elif isinstance(rows, RecordRows):
            train_records(
                *(spec, rows.training, rows.evaluation, folders.out, folders.cache, report.record),
                notes={"spaced": rows.answer_format.spaced},
                start=_record_adapter(folders.start),
            )
        else:
            evaluated = rows.evaluation or None
            train(
                *(spec, rows.training, evaluated, folders.out, folders.cache, rows.answer_format.many),
                report.record,
                notes={"answer": rows.answer_format.to_notes()},
                start=_adapter(folders.start),
            )


def _language_rows(
    rows: LabelRows | RecordRows,
) -> tuple[tuple[FieldConstraint, ...], list[TrainingRow], list[TrainingRow]]:
    """(fields, training rows, evaluation rows) of a language model; without fields its answers are labels."""
    if isinstance(rows, RecordRows):
        return object_rows(rows.training, rows.evaluation)
    return (), rows.training, rows.evaluation


def _adapter(folder: Path | None) -> TunedModel | None:
    """The adapter that a job continues, if any.

    Raises:
        EngineError: it answers with objects of several fields.
    """
    if folder is None:
        return None
    if is_record_model(folder):
        raise EngineError("the adapter to continue answers with objects of several fields; these rows have labels")
    return load(folder)


def _record_adapter(folder: Path | None) -> RecordModel | None:
    """As `_adapter`, for rows whose answers are objects of several fields."""
    if folder is None:
        return None
    if not is_record_model(folder):
        raise EngineError("the adapter to continue answers with labels; these rows have objects of several fields")
    return load_records(folder)
