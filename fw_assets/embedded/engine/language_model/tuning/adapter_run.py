"""One run of an adapter's training: its steps, the figures after each epoch, its checkpoints."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.errors import Diverged
from fw_assets.embedded.engine.label_sets import SetThresholds, fit_thresholds
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
from fw_assets.embedded.engine.language_model.device.lease import Turn
from fw_assets.embedded.engine.language_model.label_choice import LabelChoice
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.language_model.memory import PeakMemory, free_memory
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.scorers import head_logits
from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob, begin_adapter
from fw_assets.embedded.engine.language_model.tuning.adapter_step import AdapterStep
from fw_assets.embedded.engine.language_model.tuning.checkpoint import Checkpoints, Record
from fw_assets.embedded.engine.language_model.tuning.length_buckets import epoch_batches
from fw_assets.embedded.engine.training_run import (
    CheckpointWritten,
    Evaluation,
    TrainingEvent,
    TrainingStep,
    WorkDone,
)
from fw_assets.embedded.engine.training_spec import TrainingSpec, rate_share

_MAX_NORM = 1.0
_STEP_PASSES = 3
"""Passes of a row through each adapted layer in a step: a forward pass, and one backward that costs two."""


@dataclass
class Work:
    """Work of a training, in passes of a row through a layer: what there is in all, and what is done.

    Attributes:
        expected: steps in all, those of trials included.
        lower, upper: layers that no step changes, and the others.
        read: rows that the lower layers have read.
        steps: by readout those that are taken, and those of a trial that need not be taken.
    """

    rows: int
    batch_size: int
    expected: int
    lower: int
    upper: int
    read: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    def event(self, trial: str = "") -> WorkDone:
        step = _STEP_PASSES * self.upper * self.batch_size
        done = self.lower * self.read + step * sum(self.steps.values())
        return WorkDone(min(1.0, done / (self.lower * self.rows + step * self.expected)), trial)


def steps_of(job: AdapterJob) -> tuple[int, int]:
    """(steps in all, steps of an epoch)"""
    per_epoch = math.ceil(len(job.rows) / job.spec.batch_size)
    return max(1, math.ceil(job.spec.epochs * per_epoch - 1e-9)), per_epoch


def run_adapter(
    job: AdapterJob,
    model: LanguageModel,
    folder: LanguageModelFolder,
    cache: Path,
    checkpoints: Path | None,
    work: Work,
    peak: PeakMemory,
    *,
    stop: int | None = None,
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """As `fit_adapter`, for a job whose form says its readout, once the device is free for it.

    Args:
        work: is told what is done.
        stop: the last step of a trial, whose checkpoint stays for the run that goes on; the last record is an
            evaluation after it.
    """
    with model.turn() as turn:
        return (yield from _run_in_turn(job, model, folder, cache, checkpoints, work, peak, turn, stop=stop))


def _run_in_turn(
    job: AdapterJob,
    model: LanguageModel,
    folder: LanguageModelFolder,
    cache: Path,
    checkpoints: Path | None,
    work: Work,
    peak: PeakMemory,
    turn: Turn | None,
    *,
    stop: int | None,
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    assert job.form is not None
    readout = job.form.readout
    trial = readout if stop is not None else ""
    tuned = begin_adapter(job, model, folder)
    step = AdapterStep(model, tuned, job.rows, cache, spaced=job.spaced, recomputes=job.form.recomputes)
    held_out = (
        AdapterStep(model, tuned, job.evaluation, cache, spaced=job.spaced) if job.fields and job.evaluation else None
    )
    optimizer = _optimizer(step.parameters, job.spec)
    kept = Checkpoints(checkpoints, job.digest(folder.digest))
    records = kept.resume(step.parameters, optimizer)
    yield from records
    done = max((record.number for record in records), default=0)
    work.steps[readout] = max(work.steps.get(readout, 0), done)
    size = job.spec.batch_size
    total, steps_per_epoch = steps_of(job)
    last = total if stop is None else stop
    if done < last:
        first_epoch = epoch_batches(step.lengths, size, job.spec.seed, 0)
        for read in step.prepare([row for batch in first_epoch[:total] for row in batch]):
            work.read = min(work.rows, work.read + read)
            yield work.event(trial)
            _pass_on(turn)
    for epoch in range(math.ceil(last / steps_per_epoch)):
        batches = epoch_batches(step.lengths, size, job.spec.seed, epoch)
        for index, batch in enumerate(batches):
            number = epoch * steps_per_epoch + index + 1
            if number <= done or number > last:
                continue
            rate = job.spec.learning_rate * rate_share(job.spec, number, total)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            _pass_on(turn)
            loss = step.accumulate(batch)
            norm = float(torch.nn.utils.clip_grad_norm_(step.parameters, _MAX_NORM))
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise Diverged(
                    f"the training diverged in step {number} (loss {loss:g}, gradient {norm:g}); take a smaller "
                    f"learningRate than {job.spec.learning_rate:g}"
                )
            optimizer.step()
            ends_epoch = index + 1 == len(batches) or number == total
            tokens = sum(job.rows[row].tokens for row in batch)
            work.steps[readout] = max(work.steps[readout], number)
            yield work.event(trial)
            records.append(TrainingStep(number, number / steps_per_epoch, loss, rate, tokens, ends_epoch))
            yield records[-1]
            if ends_epoch and job.evaluation:
                epochs = number / steps_per_epoch
                if held_out is not None:
                    figures = Evaluation(number, epochs, held_out.mean_loss(size))
                else:
                    tuned, figures = _evaluate(job, model, step, step.current(tuned), number, epochs)
                records.append(figures)
                yield figures
            if ((ends_epoch or kept.due) and number < total) or number == stop:
                kept.write(step.parameters, optimizer, records)
                yield CheckpointWritten(number, number / steps_per_epoch)
            if ends_epoch or number == stop:
                yield step.use(peak.bytes)
    if stop is not None and not isinstance(records[-1], Evaluation):
        yield _evaluate(job, model, step, step.current(tuned), stop, stop / steps_per_epoch)[1]
    if done >= last and job.evaluation and stop is None and held_out is None:
        tuned, _ = _evaluate(job, model, step, step.current(tuned), last, last / steps_per_epoch)
    step.close()
    if held_out is not None:
        held_out.close()
    if stop is None:
        kept.remove()
    return step.current(tuned)


def _optimizer(parameters: Sequence[torch.Tensor], spec: TrainingSpec) -> torch.optim.AdamW:
    """Weights decay apart from the gradient's moments; biases do not."""
    groups = [
        {"params": [each for each in parameters if each.dim() > 1], "weight_decay": spec.weight_decay},
        {"params": [each for each in parameters if each.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=spec.learning_rate)


def _pass_on(turn: Turn | None) -> None:
    """Let those who wait for the device have it for a while."""
    if turn is not None and turn.pass_on():
        free_memory()


def _evaluate(
    job: AdapterJob, model: LanguageModel, step: AdapterStep, tuned: TunedAdapter, number: int, epoch: float
) -> tuple[TunedAdapter, Evaluation]:
    """The adapter with the temperature and thresholds that fit the evaluation rows best, and its figures on them."""
    only_evaluated = {label for row in job.evaluation for label in row.labels} - set(tuned.labels)
    columns = (*tuned.labels, *sorted(only_evaluated))
    place = {label: column for column, label in enumerate(columns)}
    target = np.zeros((len(job.evaluation), len(columns)))
    for index, row in enumerate(job.evaluation):
        target[index, [place[label] for label in row.labels]] = 1
    weight = np.array([row.weight for row in job.evaluation], np.float64)
    weight = weight if weight.sum() > 0 else np.ones(len(weight))
    texts = [row.text for row in job.evaluation]
    if tuned.head is not None:
        logits = head_logits(model, texts, tuned.head.for_labels(model, columns), tuned, step.last_states)
    else:
        limit = job.spec.max_context_length
        choice = LabelChoice(model, limit, tuned.adapter, calibrated=False, adapted_prefix=tuned.adapted_prefix)
        logits = choice.log_probabilities(texts, [tuned.answers.get(label, label) for label in columns])
    temperature, loss = losses.fit_temperature(logits, target, weight, job.multi_label)
    probability = losses.probabilities(logits / temperature, job.multi_label)
    thresholds = SetThresholds()
    if job.multi_label:
        thresholds = fit_thresholds(probability, target, weight, tuned.labels, tuned.allow_empty, job.spec.thresholds)
        right = (thresholds.choose(probability, columns, tuned.allow_empty) == (target > 0)).all(axis=1)
    else:
        right = probability.argmax(axis=1) == target.argmax(axis=1)
    accuracy = float(np.average(right, weights=weight))
    return replace(tuned, temperature=temperature, thresholds=thresholds), Evaluation(number, epoch, loss, accuracy)
