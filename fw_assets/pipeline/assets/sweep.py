"""Phase 3: the hyper-parameters of one finalist, chosen by evaluation loss on the validation rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import asyncio

import dagster as dg

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.fine_tuning import best_cell
from fw_assets.pipeline.reporting.sweep_cells import sweep_cell_results
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.cell_step import CellStep, cell_step
from fw_assets.pipeline.steps.training import TrainingData, run_training_job, upload_training_data
from fw_assets.pipeline.ui.metadata import Row, picture, table
from fw_assets.pipeline.ui.model_checks import sweep_check
from fw_assets.pipeline.values.tuning import Sweep, SweepCell
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.escape import prose
from fw_assets.report.formatting import plural
from fw_assets.report.plan.tables import setting_text
from fw_assets.report.plots.sweep_curves import sweep_curves

STAGE: Stage = "sweep"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 3: One finalist, fine-tuned with every cell of the grid on a sample of the training rows; the cell "
        "with the lowest evaluation loss on the validation rows goes on."
    ),
)
def sweep(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Starts or finds one job per cell: the first alone until its quote is known, then the others."""
    with cell_step(context, workflow, workspace, platform) as step:
        result = step.made_meanwhile(Sweep) or step.call(lambda client: _sweep(client, step))
    best = result.best
    return step.materialize(
        result,
        f"{plural(len(result.cells), 'setting')} tried on {plural(result.rows, 'row')}; "
        f"**{setting_text(best.cell)}** goes on ({prose(result.why)}).",
        [sweep_check(step.title, result)],
        {
            "cells": table(_cell_rows(result)),
            "curves": picture(sweep_curves(sweep_cell_results(result))),
            "rows": result.rows,
            "cost_usd": step.paid_usd(STAGE),
            "best_loss": float("nan") if best.eval_loss is None else round(best.eval_loss, 4),
            "best": best.cell.name,
        },
    )


async def _sweep(client: Fireworks, step: CellStep) -> Sweep:
    await step.require_offer(client, STAGE)
    data = await upload_training_data(client, step.account, "sweep")
    cells = await _train_cells(client, step, data)
    best, why = best_cell(cells)
    return Sweep(
        model=step.plan.model(step.slug).name,
        rows=data.training.rows,
        dataset=data.training.name,
        evaluation_dataset=data.validation.name,
        cells=cells,
        best=best,
        why=why,
        dataset_tokens=data.training.tokens,
    )


async def _train_cells(client: Fireworks, step: CellStep, data: TrainingData) -> tuple[SweepCell, ...]:
    grid = step.plan.model(step.slug).cells
    # A grid of one cell is not swept: its only job is the full-data job, and that line pays for it.
    swept = step.account.line(f"{STAGE}/{step.slug}") is not None
    line = f"{STAGE if swept else 'full-training'}/{step.slug}"
    quoted = asyncio.Event()

    async def train_cell(cell: Cell) -> SweepCell:
        return await run_training_job(
            client,
            step.account,
            step.slug,
            cell,
            data,
            line=line,
            price_share=cell.epochs / sum(item.epochs for item in grid),
            poll=step.platform.poll_seconds,
            what=f"{step.slug} sweep",
            on_quote=quoted.set,
        )

    # The first job shows what the platform asks before there are others.
    first, quote = asyncio.ensure_future(train_cell(grid[0])), asyncio.ensure_future(quoted.wait())
    await asyncio.wait((first, quote), return_when=asyncio.FIRST_COMPLETED)
    quote.cancel()
    others = grid[1:] if quoted.is_set() else ()
    # Jobs that have started are waited for and paid for, even when another one cannot start any more.
    results = await asyncio.gather(first, *map(train_cell, others), return_exceptions=True)
    trained: list[SweepCell] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        trained.append(result)
    return tuple(trained)


def _cell_rows(sweep: Sweep) -> list[Row]:
    return [
        {
            "rank": item.cell.lora_rank,
            "rate": item.cell.learning_rate,
            "epochs": item.cell.epochs,
            "loss": item.eval_loss,
            "best": "yes" if item == sweep.best else "",
        }
        for item in sorted(sweep.cells, key=lambda item: (item.eval_loss is None, item.eval_loss or 0.0))
    ]
