"""Fine-tuning: one low-rank update per text encoder, each trained on its own loss; then their logits are pooled.

Trained apart, the updates make different errors, and the sum of their logits is better than what one loss of the sum
finds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fw_assets.embedded.engine import tuned_model
from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training_run import Evaluation, TrainingEvent, TrainingRun, TrainingStep
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec, check_training_input
from fw_assets.embedded.engine.tuned_model import TunedModel
from fw_assets.embedded.settings import ReadoutRule

YieldT = TypeVar("YieldT")
ReturnT = TypeVar("ReturnT")
TrainingRecord = TrainingStep | Evaluation
OnRecord = Callable[[TrainingRecord], None]

_MAX_STEP_RECORDS = 10_000


def train(
    spec: TrainingSpec,
    rows: Sequence[TrainingRow],
    evaluation: Sequence[TrainingRow] | None,
    out: Path,
    cache: Path,
    multi_label: bool,
    on_record: OnRecord,
    notes: Mapping[str, Any] | None = None,
    start: TunedModel | None = None,
) -> None:
    """Train one model and write it into the folder `out`, as `fit` does; `on_record` is called with each record."""
    tuned_model.save(drain(fit(spec, rows, evaluation, cache, multi_label, notes, start), on_record), out)


def train_adapter(
    spec: TrainingSpec,
    rows: Sequence[TrainingRow],
    evaluation: Sequence[TrainingRow],
    out: Path,
    cache: Path,
    multi_label: bool,
    on_record: OnRecord,
    notes: Mapping[str, Any],
    start: Path | None,
    checkpoints: Path,
    readout: ReadoutRule,
    on_event: Callable[[TrainingEvent], None],
    fields: tuple[FieldConstraint, ...] = (),
    spaced: bool = True,
) -> None:
    """As `train`, for a language model: `start` is the folder of the adapter to continue.

    `on_event` is called with what is no record of the metrics. Answers that are objects have `fields`.

    A run with the same input goes on from the checkpoint in `checkpoints`, and reports again what it had reported.
    """
    check_training_input(spec, rows, evaluation, multi_label)
    base = find_base_model(spec.base_model)
    if base.language_model is None or base.missing_weights():
        raise WeightsError(f"{base.id} is not on this machine; {base.missing_weights()}")
    from fw_assets.embedded.engine.language_model.adapter_files import load_adapter, save_adapter
    from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
    from fw_assets.embedded.engine.language_model.tuning.adapter_training import fit_adapter

    begun = load_adapter(start) if start is not None else None
    job = AdapterJob(spec, rows, evaluation, multi_label, notes, begun, readout=readout, fields=fields, spaced=spaced)

    def tell(record: TrainingRecord | TrainingEvent) -> None:
        if isinstance(record, TrainingEvent):
            on_event(record)
        else:
            on_record(record)

    save_adapter(drain(fit_adapter(job, base.language_model, cache, checkpoints), tell), out)


def drain(run: Generator[YieldT, None, ReturnT], each: Callable[[YieldT], object]) -> ReturnT:
    """What a training returns, after `each` was called with all that it yields."""
    while True:
        try:
            item = next(run)
        except StopIteration as end:
            result: ReturnT = end.value
            return result
        each(item)


def fit(
    spec: TrainingSpec,
    rows: Sequence[TrainingRow],
    evaluation: Sequence[TrainingRow] | None,
    cache: Path,
    multi_label: bool,
    notes: Mapping[str, Any] | None = None,
    start: TunedModel | None = None,
) -> Generator[TrainingRecord, None, TunedModel]:
    """Train one model, record by record; the generator returns it as the last epoch leaves it.

    The loss is the cross-entropy, each row times its weight; that on the evaluation rows is at the temperature that is
    best for them, which the model keeps.

    Args:
        cache: the folder for files that can be computed again, shared by all models.
        notes: JSON of the caller, stored with the model.
        start: the adapter to continue, in place of the base model.

    Yields:
        Each step, and after each epoch the figures on the evaluation rows, if there are any. In a run of more than
        10,000 steps, one of them stands for several, with the tokens of all.

    Raises:
        EngineError: rows or hyper-parameters that cannot be trained on.
        WeightsError: weights that the base model needs are missing.
    """
    check_training_input(spec, rows, evaluation or (), multi_label)
    if start is not None:
        _check_start(start, spec, multi_label)
    run = TrainingRun(spec, rows, list(evaluation or ()), cache, multi_label, start)
    tokens = 0
    for step in run.steps():
        number = step.number
        tokens += step.tokens
        if number == 1 or step.ends_epoch or number % max(1, run.total_steps // _MAX_STEP_RECORDS) == 0:
            yield replace(step, tokens=tokens)
            tokens = 0
        if step.ends_epoch and (run.evaluated or number == run.total_steps):
            last = run.checkpoint()
            if run.evaluated:
                yield Evaluation(number, step.epoch, last.loss, last.accuracy)
    return TunedModel(
        spec=spec,
        labels=run.labels,
        multi_label=multi_label,
        shares=last.shares,
        temperature=last.temperature,
        thresholds=last.thresholds,
        allow_empty=run.allow_empty,
        notes=dict(notes or {}),
        arrays=last.arrays,
    )


def _check_start(start: TunedModel, spec: TrainingSpec, multi_label: bool) -> None:
    if start.spec.base_model != spec.base_model:
        raise EngineError(f"the adapter to continue is of {start.spec.base_model}, not of {spec.base_model}")
    if start.spec.lora_rank != spec.lora_rank:
        raise EngineError(f"the adapter to continue has rank {start.spec.lora_rank}, not {spec.lora_rank}")
    if start.multi_label != multi_label:
        rows = "any number of labels" if start.multi_label else "one label"
        raise EngineError(f"the adapter to continue was trained on rows with {rows} each; these are others")
