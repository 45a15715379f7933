"""Phase 3, second half: the hyper-parameters of a finalist, chosen by evaluation loss on the validation rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import asyncio
from typing import Literal

import dagster as dg
import polars as pl

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.labels.imbalance import apply_mitigation
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.assets.base_metrics import finalists
from fw_assets.pipeline.assets.plan import account_of, approved, approved_plan
from fw_assets.pipeline.budget.account import Account, job_share, reserved
from fw_assets.pipeline.partitions import cells, dataset_and_model
from fw_assets.pipeline.phases import tuning_inputs
from fw_assets.pipeline.platform.fine_tuning import Upload, best_cell, train, upload
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import retry_transient, warn_on_cancel
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.checks import specs, sweep_check
from fw_assets.pipeline.ui.metadata import picture, summary, table
from fw_assets.pipeline.values import Sweep, SweepCell
from fw_assets.report.escape import prose
from fw_assets.report.formatting import percent, plural
from fw_assets.report.plots.sweep_curves import sweep_curves
from fw_assets.report.schema.tuning import SweepCellResult
from fw_assets.workspace.workspace import Workspace


def training_rows(store: Workspace, dataset: str, current: Plan, *, most: int | None = None) -> pl.DataFrame:
    """The training part after the approved mitigation; with `most`, a stratified sample of at most that many rows.

    The sample is drawn before the mitigation, so that oversampled rows do not crowd out others.
    """
    frame = store.scan_frame(dataset, "assets", "label_set.parquet").filter(pl.col("split") == "train").collect()
    if most is not None and frame.height > most:
        frame = stratified_sample(frame, most, current.session.seed)
    labels = store.require("label_set", dataset, LabelSet)
    return apply_mitigation(frame, labels.imbalance, approved(store, dataset).mitigation, current.session.seed)


async def uploads(
    client: Fireworks, store: Workspace, dataset: str, current: Plan, part: Literal["train", "sweep"]
) -> tuple[Upload, Upload]:
    """The training rows (all, or the sweep's sample) and the validation rows on the platform, by the plan's names."""
    prompt = store.require("prompt", dataset, Prompt)
    mitigation = approved(store, dataset).mitigation
    rows = training_rows(store, dataset, current, most=current.sweep_rows if part == "sweep" else None)
    frame = store.scan_frame(dataset, "assets", "label_set.parquet").filter(pl.col("split") == "validation")
    validation = frame.with_columns(weight=pl.lit(None, pl.Float64)).collect()
    return (
        await upload(client, current.dataset_id(part, mitigation), rows, prompt),
        await upload(client, current.dataset_id("validation", mitigation), validation, prompt),
    )


@dg.asset(
    partitions_def=cells,
    deps=[finalists],
    group_name="3_tuning",
    kinds={"fireworks"},
    code_version="1",
    pool="fine_tune",
    check_specs=specs("sweep"),
    description=(
        "**Phase 3.** One finalist, fine-tuned with every cell of the grid on a sample of the training rows; the cell "
        "with the lowest evaluation loss on the validation rows goes on."
    ),
)
def sweep(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Starts or finds one job per cell, in waves of at most the session's `max_parallel_jobs`."""
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        current = approved_plan(store, dataset)
        model = current.model(slug)
        account = account_of(store, dataset, current)

        async def work(client: Fireworks) -> Sweep:
            training, validation = await uploads(client, store, dataset, current, "sweep")
            tried = await _cells(client, account, model, training, validation, host.poll_seconds)
            best, why = best_cell(tried)
            return Sweep(
                model=model.name,
                rows=training.rows,
                dataset=training.name,
                evaluation_dataset=validation.name,
                cells=tried,
                best=best,
                why=why,
            )

        with warn_on_cancel(context, account, slug):
            result = host.call(work)
    inputs = tuning_inputs(current.digest, account.mitigation)
    loss = float("nan") if result.best.eval_loss is None else round(result.best.eval_loss, 4)
    made = store.write("sweep", dataset, result, inputs=inputs, model=slug)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[sweep_check(f"{dataset}, {slug}", result)],
        metadata={
            "summary": summary(
                f"{dataset}, {slug}",
                f"{plural(len(result.cells), 'setting')} tried on {plural(result.rows, 'row')}; "
                f"**{result.best.cell.name}** goes on ({prose(result.why)}).",
            ),
            "cells": table(
                [
                    {
                        "rank": c.cell.lora_rank,
                        "rate": c.cell.learning_rate,
                        "epochs": c.cell.epochs,
                        "loss": c.eval_loss,
                        "right": percent(c.eval_accuracy) if c.eval_accuracy is not None else "",
                        "goes on": "yes" if c == result.best else "",
                    }
                    for c in result.cells
                ]
            ),
            "curves": picture(sweep_curves([shown(c, result) for c in result.cells])),
            "rows": result.rows,
            "cost_usd": tag_cost(context, account.paid_usd(f"sweep/{slug}")),
            "best_evaluation_loss": loss,
            "best": result.best.cell.name,
        },
    )


def shown(cell: SweepCell, of: Sweep) -> SweepCellResult:
    """A cell of the grid in the words of the report."""
    return SweepCellResult(
        name=cell.cell.name,
        lora_rank=cell.cell.lora_rank,
        learning_rate=cell.cell.learning_rate,
        epochs=cell.cell.epochs,
        batch_size=cell.cell.batch_size,
        rows=of.rows,
        eval_accuracy=cell.eval_accuracy,
        eval_loss=cell.eval_loss,
        chosen=cell == of.best,
        job=cell.job,
        curve=cell.curve,
    )


async def _cells(
    client: Fireworks,
    account: Account,
    model: PlannedModel,
    training: Upload,
    validation: Upload,
    poll: float,
) -> tuple[SweepCell, ...]:
    current = account.plan
    # A grid of one cell is not swept: its only job is the full-data job.
    key = f"sweep/{model.slug}" if account.line(f"sweep/{model.slug}") else f"full-training/{model.slug}"
    gate = asyncio.Semaphore(current.session.max_parallel_jobs)

    async def one(index: int) -> SweepCell:
        async with gate:
            cell = model.cells[index]
            job_id = current.job_id(model.slug, cell, "sweep", account.mitigation)
            payment = reserved(account, key, job_id, job_share(model.cells, cell))
            trained = await train(
                client,
                job_id,
                model.name,
                cell,
                training,
                validation,
                poll=poll,
                what=f"{model.slug} sweep",
                quoted=payment.quoted,
            )
            payment.settle_tokens(trained.trained_tokens)
            return trained

    # What has started is waited for and paid for, even when another job cannot start any more.
    results = await asyncio.gather(*(one(index) for index in range(len(model.cells))), return_exceptions=True)
    trained: list[SweepCell] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        trained.append(result)
    return tuple(trained)
