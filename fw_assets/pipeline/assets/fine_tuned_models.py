"""Phase 4: one finalist, trained with its best cell on all training rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.catalogue.resource_ids import same_content
from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.cell_step import CellStep, cell_step
from fw_assets.pipeline.steps.training import run_training_job, upload_training_data
from fw_assets.pipeline.ui.metadata import resource_id, table
from fw_assets.pipeline.ui.model_checks import training_check
from fw_assets.pipeline.values.tuning import FineTuned, Sweep
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.formatting import plural
from fw_assets.report.plan.tables import setting_text

STAGE: Stage = "full-training"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 4: One finalist, fine-tuned with its best cell on all training rows. A retried step finds the job "
        "that its predecessor started: jobs are named after their content."
    ),
)
def fine_tuned_models(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Starts or finds the full-data job. Where the sweep already trained on all rows, that model is taken over."""
    with cell_step(context, workflow, workspace, platform) as step:
        sweep = step.require("sweep", Sweep)
        tuned = step.made_meanwhile(FineTuned) or step.call(lambda client: _train(client, step, sweep))
    cell, loss = tuned.cell, tuned.eval_loss
    settings = {
        "rank": cell.lora_rank,
        "rate": cell.learning_rate,
        "epochs": cell.epochs,
        "loss": loss,
    }
    return step.materialize(
        tuned,
        f"fine-tuned with **{setting_text(cell)}** on {plural(tuned.rows, 'training row')}"
        + (", already in the sweep." if tuned.adopted_from_sweep else "."),
        [training_check(step.title, tuned, sweep)],
        {
            "settings": table([settings]),
            "cost_usd": step.paid_usd(STAGE),
            "trained_tokens": tuned.trained_tokens or 0,
            "model": resource_id(tuned.tuned_model),
            "job": resource_id(tuned.job),
            "cell": cell.name,
            "rows": tuned.rows,
            "evaluation_loss": round(loss, 4) if loss is not None else float("nan"),
        },
    )


async def _train(client: Fireworks, step: CellStep, sweep: Sweep) -> FineTuned:
    data = await upload_training_data(client, step.account, "train")
    # The sweep sampled nothing where its rows are all of them: its best model is the one asked for.
    in_sweep = same_content(data.training.name, sweep.dataset) or not step.plan.session.full_data_run
    if in_sweep:
        trained, dataset, rows, tokens = sweep.best, sweep.dataset, sweep.rows, sweep.dataset_tokens
    else:
        await step.require_offer(client, STAGE)
        trained = await run_training_job(
            client,
            step.account,
            step.slug,
            sweep.best.cell,
            data,
            line=f"{STAGE}/{step.slug}",
            poll=step.platform.poll_seconds,
            what=f"{step.slug} full data",
        )
        dataset, rows, tokens = data.training.name, data.training.rows, data.training.tokens
    return FineTuned(
        model=step.plan.model(step.slug).name,
        tuned_model=trained.model,
        job=trained.job,
        cell=trained.cell,
        rows=rows,
        dataset=dataset,
        evaluation_dataset=data.validation.name,
        eval_loss=trained.eval_loss,
        eval_accuracy=trained.eval_accuracy,
        trained_tokens=trained.trained_tokens,
        adopted_from_sweep=in_sweep,
        dataset_tokens=tokens,
    )
