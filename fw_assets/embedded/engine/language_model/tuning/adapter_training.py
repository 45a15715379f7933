"""Fine-tuning of a language model by LoRA: supervised, on the answer alone; AdamW (Loshchilov & Hutter 2019)."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.errors import Diverged
from fw_assets.embedded.engine.label_sets import SetThresholds, fit_thresholds
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
from fw_assets.embedded.engine.language_model.device.lease import Turn
from fw_assets.embedded.engine.language_model.label_choice import LabelChoice
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, load, trains_in_bf16
from fw_assets.embedded.engine.language_model.memory import PeakMemory, free_memory
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.scorers import head_logits
from fw_assets.embedded.engine.language_model.tuning.adapter_form import READOUTS, default_form
from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob, begin_adapter
from fw_assets.embedded.engine.language_model.tuning.adapter_step import AdapterStep
from fw_assets.embedded.engine.language_model.tuning.checkpoint import Checkpoints, Record
from fw_assets.embedded.engine.language_model.tuning.length_buckets import epoch_batches
from fw_assets.embedded.engine.training_run import (
    CheckpointWritten,
    Evaluation,
    TrainingEvent,
    TrainingStep,
    TrialStep,
)
from fw_assets.embedded.engine.training_spec import rate_share

_MAX_NORM = 1.0


def fit_adapter(
    job: AdapterJob, folder: LanguageModelFolder, cache: Path, checkpoints: Path | None = None
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """Train one adapter, record by record; the generator returns it as the last epoch leaves it.

    Where the readout is to be chosen, each is trained for the first epoch, and the one with the smaller loss on the
    evaluation rows goes on from there.

    Args:
        cache: the folder for what can be computed again.
        checkpoints: the folder of the checkpoints, from which a run with the same input goes on.

    Yields:
        Each step, and after each epoch the figures on the evaluation rows, if there are any; those until a checkpoint
        again. The steps of the first epochs that are compared come before; each checkpoint and, after each epoch, what
        was used are told as well.

    Raises:
        EngineError: rows, labels or hyper-parameters that cannot be trained on.
        Diverged: with each readout that was tried.
        WeightsError: the base model cannot be loaded.
    """
    peak = PeakMemory()
    model = load(folder, bf16=trains_in_bf16())
    form = job.form or default_form(
        *(model, folder.parameters),
        multi_label=job.multi_label,
        evaluated=len(job.evaluation),
        readout=job.readout,
        objects=bool(job.fields),
    )
    if job.start is not None or form.readout != "validation":
        return (yield from _fit(replace(job, form=form), model, folder, cache, checkpoints, peak))
    with tempfile.TemporaryDirectory() as scratch:
        trials = (checkpoints or Path(scratch)) / "readouts"
        jobs = {name: replace(job, form=replace(form, readout=name)) for name in READOUTS}
        losses_on_rows: dict[str, float] = {}
        diverged: Diverged | None = None
        for name, each in jobs.items():
            try:
                for record in _fit(each, model, folder, cache, trials / name, peak, one_epoch=True):
                    if isinstance(record, TrainingEvent):
                        yield record
                        continue
                    yield TrialStep(name, record.number, record.epoch)
                    if isinstance(record, Evaluation) and math.isfinite(record.loss):
                        losses_on_rows[name] = record.loss
            except Diverged as error:
                diverged = error
        if not losses_on_rows:
            raise diverged or Diverged("the loss on the evaluation rows is no number; take a smaller learningRate")
        best = min((name for name in READOUTS if name in losses_on_rows), key=lambda name: losses_on_rows[name])
        tuned = yield from _with_losses(_fit(jobs[best], model, folder, cache, trials / best, peak), losses_on_rows)
        shutil.rmtree(trials, ignore_errors=True)
    return replace(tuned, readout_losses=losses_on_rows)


def _with_losses(
    run: Generator[Record | TrainingEvent, None, TunedAdapter], losses_on_rows: Mapping[str, float]
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """The records of a run, the first evaluation with the losses that the readout was chosen by."""
    told = False
    while True:
        try:
            record = next(run)
        except StopIteration as end:
            tuned: TunedAdapter = end.value
            return tuned
        if isinstance(record, Evaluation) and not told:
            told, record = True, replace(record, readout_losses=losses_on_rows)
        yield record


def _fit(
    job: AdapterJob,
    model: LanguageModel,
    folder: LanguageModelFolder,
    cache: Path,
    checkpoints: Path | None,
    peak: PeakMemory,
    *,
    one_epoch: bool = False,
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """As `_fit_in_turn`, once the device is free for it."""
    with model.turn() as turn:
        return (yield from _fit_in_turn(job, model, folder, cache, checkpoints, peak, turn, one_epoch=one_epoch))


def _fit_in_turn(
    job: AdapterJob,
    model: LanguageModel,
    folder: LanguageModelFolder,
    cache: Path,
    checkpoints: Path | None,
    peak: PeakMemory,
    turn: Turn | None,
    *,
    one_epoch: bool = False,
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """As `fit_adapter`, with one readout; after the first epoch only, the checkpoint stays for a run that goes on."""
    tuned = begin_adapter(job, model, folder)
    recomputes = job.form is not None and job.form.recomputes
    step = AdapterStep(model, tuned, job.rows, cache, spaced=job.spaced, recomputes=recomputes)
    held_out = (
        AdapterStep(model, tuned, job.evaluation, cache, spaced=job.spaced) if job.fields and job.evaluation else None
    )
    optimizer = torch.optim.AdamW(step.parameters, lr=job.spec.learning_rate, weight_decay=0.0)
    kept = Checkpoints(checkpoints, job.digest(folder.digest))
    records = kept.resume(step.parameters, optimizer)
    yield from records
    done = max((record.number for record in records), default=0)
    size = job.spec.batch_size
    steps_per_epoch = math.ceil(len(job.rows) / size)
    total = max(1, math.ceil(job.spec.epochs * steps_per_epoch - 1e-9))
    last = min(total, steps_per_epoch) if one_epoch else total
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
            if turn is not None and turn.pass_on():
                free_memory()
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
            records.append(TrainingStep(number, number / steps_per_epoch, loss, rate, tokens, ends_epoch))
            yield records[-1]
            if ends_epoch and job.evaluation:
                epochs = number / steps_per_epoch
                if held_out is not None:
                    figures = Evaluation(number, epochs, held_out.mean_loss(size))
                else:
                    tuned, figures = _evaluate(job, model, step.current(tuned), number, epochs)
                records.append(figures)
                yield figures
            if ((ends_epoch or kept.due) and number < total) or (one_epoch and number == last):
                kept.write(step.parameters, optimizer, records)
                yield CheckpointWritten(number, number / steps_per_epoch)
            if ends_epoch:
                yield step.use(peak.bytes)
    if done >= last and job.evaluation and not one_epoch and held_out is None:
        tuned, _ = _evaluate(job, model, step.current(tuned), last, last / steps_per_epoch)
    step.close()
    if held_out is not None:
        held_out.close()
    if not one_epoch:
        kept.remove()
    return step.current(tuned)


def _evaluate(
    job: AdapterJob, model: LanguageModel, tuned: TunedAdapter, number: int, epoch: float
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
        logits = head_logits(model, texts, tuned.head.for_labels(model, columns), tuned)
    else:
        limit = job.spec.max_context_length
        choice = LabelChoice(model, limit, tuned.adapter, calibrated=False, adapted_prefix=tuned.adapted_prefix)
        logits = choice.log_probabilities(texts, [tuned.answers.get(label, label) for label in columns])
    temperature, loss = losses.fit_temperature(logits, target, weight, job.multi_label)
    probability = losses.probabilities(logits / temperature, job.multi_label)
    thresholds = SetThresholds()
    if job.multi_label:
        thresholds = fit_thresholds(probability, target, weight, tuned.labels, tuned.allow_empty)
        right = (thresholds.choose(probability, columns, tuned.allow_empty) == (target > 0)).all(axis=1)
    else:
        right = probability.argmax(axis=1) == target.argmax(axis=1)
    accuracy = float(np.average(right, weights=weight))
    return replace(tuned, temperature=temperature, thresholds=thresholds), Evaluation(number, epoch, loss, accuracy)
