"""Phase 4: each finalist, trained with its best cell on all training rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.assets.plan import account_of, approved_plan
from fw_assets.pipeline.assets.sweep import sweep, uploads
from fw_assets.pipeline.budget.account import reserved
from fw_assets.pipeline.partitions import cells, dataset_and_model
from fw_assets.pipeline.phases import tuning_inputs
from fw_assets.pipeline.platform.fine_tuning import train
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import retry_transient, warn_on_cancel
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.checks import specs, training_check
from fw_assets.pipeline.ui.metadata import summary, table
from fw_assets.pipeline.values import FineTuned, Sweep
from fw_assets.report.formatting import percent, plural


@dg.asset(
    partitions_def=cells,
    deps=[sweep],
    group_name="3_tuning",
    kinds={"fireworks"},
    code_version="1",
    pool="fine_tune",
    check_specs=specs("fine_tuned_models"),
    description=(
        "**Phase 4.** One finalist, fine-tuned with its best cell on all training rows. A retried step finds the job "
        "that its predecessor started: jobs are named after their content."
    ),
)
def fine_tuned_models(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Starts or finds the full-data job. Where the sweep already trained on all rows, that model is taken over."""
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        current = approved_plan(store, dataset)
        model = current.model(slug)
        account = account_of(store, dataset, current)
        chosen = store.require("sweep", dataset, Sweep, slug)

        async def work(client: Fireworks) -> FineTuned:
            training, validation = await uploads(client, store, dataset, current, "train")
            in_sweep = training.name == chosen.dataset or not current.session.full_data_run
            if in_sweep:
                trained, used, count = chosen.best, chosen.dataset, chosen.rows
            else:
                cell = chosen.best.cell
                job_id = current.job_id(slug, cell, "train", account.mitigation)
                payment = reserved(account, f"full-training/{slug}", job_id)
                trained = await train(
                    client,
                    job_id,
                    model.name,
                    cell,
                    training,
                    validation,
                    poll=host.poll_seconds,
                    what=f"{slug} full data",
                    quoted=payment.quoted,
                )
                payment.settle_tokens(trained.trained_tokens)
                used, count = training.name, training.rows
            return FineTuned(
                model=model.name,
                tuned_model=trained.model,
                job=trained.job,
                cell=trained.cell,
                rows=count,
                dataset=used,
                evaluation_dataset=validation.name,
                eval_loss=trained.eval_loss,
                eval_accuracy=trained.eval_accuracy,
                trained_tokens=trained.trained_tokens,
                adopted_from_sweep=in_sweep,
            )

        with warn_on_cancel(context, account, slug):
            result = host.call(work)
    inputs = tuning_inputs(current.digest, account.mitigation)
    made = store.write("fine_tuned_models", dataset, result, inputs=inputs, model=slug)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[training_check(f"{dataset}, {slug}", result, chosen)],
        metadata={
            "summary": summary(
                f"{dataset}, {slug}",
                f"fine-tuned with **{result.cell.name}** on {plural(result.rows, 'training row')}"
                + (", already in the sweep." if result.adopted_from_sweep else "."),
            ),
            "settings": table(
                [
                    {
                        "rank": result.cell.lora_rank,
                        "rate": result.cell.learning_rate,
                        "epochs": result.cell.epochs,
                        "batch": result.cell.batch_size,
                        "loss": result.eval_loss,
                        "right": percent(result.eval_accuracy) if result.eval_accuracy is not None else "",
                    }
                ]
            ),
            "cost_usd": tag_cost(context, account.paid_usd(f"full-training/{slug}")),
            "trained_tokens": result.trained_tokens or 0,
            "model": result.tuned_model,
            "job": result.job,
            "cell": result.cell.name,
            "rows": result.rows,
            "evaluation_loss": round(result.eval_loss, 4) if result.eval_loss is not None else float("nan"),
        },
    )
