"""Fine-tuning of a language model by LoRA: supervised, on the answer alone; AdamW (Loshchilov & Hutter 2019)."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fw_assets.embedded.engine.errors import Diverged
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, load, trains_in_bf16
from fw_assets.embedded.engine.language_model.memory import PeakMemory
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.language_model.tuning.adapter_form import READOUTS, default_form
from fw_assets.embedded.engine.language_model.tuning.adapter_job import AdapterJob
from fw_assets.embedded.engine.language_model.tuning.adapter_run import Work, run_adapter, steps_of
from fw_assets.embedded.engine.language_model.tuning.checkpoint import Record
from fw_assets.embedded.engine.training_run import Evaluation, TrainingEvent
from fw_assets.embedded.engine.tuned_model import replace_file

MIN_TRIAL_ROWS = 320
"""Rows that a trial of a readout is trained on at least, or all of fewer; of more rows than twice as many, half."""
_TRIAL_LOSSES = "losses.json"


def fit_adapter(
    job: AdapterJob, folder: LanguageModelFolder, cache: Path, checkpoints: Path | None = None
) -> Generator[Record | TrainingEvent, None, TunedAdapter]:
    """Train one adapter, record by record; the generator returns it as the last epoch leaves it.

    Where the readout is to be chosen, each is trained for the first half of an epoch, and the one with the smaller loss
    on the evaluation rows goes on from there.

    Args:
        cache: the folder for what can be computed again.
        checkpoints: the folder of the checkpoints, from which a run with the same input goes on.

    Yields:
        Each step, and after each epoch the figures on the evaluation rows, if there are any; those until a checkpoint
        again. How much is done, each checkpoint and, after each epoch, what was used are told as well.

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
    job = replace(job, form=form)
    total, per_epoch = steps_of(job)
    chosen = job.start is None and form.readout == "validation"
    fewest = math.ceil(MIN_TRIAL_ROWS / job.spec.batch_size)
    stop = min(total, per_epoch, max(fewest, math.ceil(per_epoch / 2)))
    layers = model.pretrained.layer_count
    first = form.first_layer if job.start is None else job.start.adapter.first_layer
    rows = min(len(job.rows), total * job.spec.batch_size)
    work = Work(rows, job.spec.batch_size, total + (stop if chosen else 0), first, layers - first)
    if not chosen:
        return (yield from run_adapter(job, model, folder, cache, checkpoints, work, peak))
    with tempfile.TemporaryDirectory() as scratch:
        trials = (checkpoints or Path(scratch)) / "readouts"
        jobs: dict[str, AdapterJob] = {name: replace(job, form=replace(form, readout=name)) for name in READOUTS}
        losses_on_rows = _known_losses(trials, job, folder)
        if not losses_on_rows:
            losses_on_rows = yield from _try_readouts(jobs, model, folder, cache, trials, work, peak, stop)
            _keep_losses(trials, job, folder, losses_on_rows)
        best = min((name for name in READOUTS if name in losses_on_rows), key=lambda name: losses_on_rows[name])
        work.steps |= {name: stop for name in READOUTS if name != best}
        run = run_adapter(jobs[best], model, folder, cache, trials / best, work, peak)
        tuned = yield from _with_losses(run, losses_on_rows)
        shutil.rmtree(trials, ignore_errors=True)
    return replace(tuned, readout_losses=losses_on_rows)


def _try_readouts(
    jobs: Mapping[str, AdapterJob],
    model: LanguageModel,
    folder: LanguageModelFolder,
    cache: Path,
    trials: Path,
    work: Work,
    peak: PeakMemory,
    stop: int,
) -> Generator[TrainingEvent, None, dict[str, float]]:
    """Train each readout until the step `stop`; the loss on the evaluation rows of those that did not diverge."""
    losses_on_rows: dict[str, float] = {}
    diverged: Diverged | None = None
    for name, job in jobs.items():
        try:
            for record in run_adapter(job, model, folder, cache, trials / name, work, peak, stop=stop):
                if isinstance(record, TrainingEvent):
                    yield record
                elif isinstance(record, Evaluation) and math.isfinite(record.loss):
                    losses_on_rows[name] = record.loss
        except Diverged as error:
            diverged = error
    if not losses_on_rows:
        raise diverged or Diverged("the loss on the evaluation rows is no number; take a smaller learningRate")
    return losses_on_rows


def _keep_losses(trials: Path, job: AdapterJob, folder: LanguageModelFolder, losses: Mapping[str, float]) -> None:
    trials.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"input": job.digest(folder.digest), "losses": losses})
    replace_file(trials / _TRIAL_LOSSES, text.encode())


def _known_losses(trials: Path, job: AdapterJob, folder: LanguageModelFolder) -> dict[str, float]:
    """Those of a run with the same input that was interrupted after its trials; else none."""
    with suppress(OSError, ValueError):
        kept = json.loads((trials / _TRIAL_LOSSES).read_bytes())
        if kept["input"] == job.digest(folder.digest):
            return {name: float(loss) for name, loss in kept["losses"].items()}
    return {}


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
