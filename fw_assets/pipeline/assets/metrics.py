"""Phase 5: the fine-tuned models on the same rows as their bases."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.selection.comparison import compare
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.assets.base_metrics import base_metrics, prediction_files
from fw_assets.pipeline.assets.fine_tuned_models import fine_tuned_models
from fw_assets.pipeline.assets.plan import account_of, approved_plan
from fw_assets.pipeline.evaluation.evaluate import evaluate
from fw_assets.pipeline.partitions import cells, dataset_and_model
from fw_assets.pipeline.phases import tuning_inputs
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import retry_transient, warn_on_cancel
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.checks import metrics_checks, specs
from fw_assets.pipeline.ui.metadata import summary
from fw_assets.pipeline.ui.score_metadata import accuracy_sentence, confidence_metadata, score_metadata
from fw_assets.pipeline.values import FineTuned, TunedMetrics
from fw_assets.report.formatting import p_value, points
from fw_assets.workspace.predictions import prediction_batches


@dg.asset(
    partitions_def=cells,
    deps=[fine_tuned_models, base_metrics],
    group_name="3_tuning",
    kinds={"fireworks"},
    code_version="1",
    pool="inference",
    check_specs=specs("metrics"),
    description=(
        "**Phase 5.** One fine-tuned model, asked for the same rows as its base, and the two compared row by row "
        "with a paired test. No choice ever reads the test rows."
    ),
)
def metrics(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Evaluates one fine-tuned model, on a deployment that scales to zero or in batch jobs."""
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        current = approved_plan(store, dataset)
        tuned = store.require("fine_tuned_models", dataset, FineTuned, slug)
        account = account_of(store, dataset, current)
        labels = store.require("label_set", dataset, LabelSet)

        async def work(client: Fireworks) -> TunedMetrics:
            found = await evaluate(
                client,
                account,
                tuned.tuned_model,
                strategy=current.model(slug).tuned_strategy,
                slug=slug,
                kind="tuned",
                stage="tuned-evaluation",
                poll=host.poll_seconds,
            )
            comparison = compare(
                prediction_batches(store, dataset, slug, "base", "test"),
                prediction_batches(store, dataset, slug, "tuned", "test"),
                labels=labels.labels,
                seed=current.session.seed,
            )
            return TunedMetrics(
                model=tuned.model,
                tuned_model=tuned.tuned_model,
                deployment=found.served.deployment or "",
                address=found.served.address,
                validation=found.validation,
                test=found.test,
                comparison=comparison,
                usage=found.usage,
                trust=found.trust,
                free=found.free,
            )

        with warn_on_cancel(context, account, slug):
            result = host.call(work)
    inputs = tuning_inputs(current.digest, account.mitigation)
    made = store.write("metrics", dataset, result, inputs=inputs, model=slug)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=metrics_checks(f"{dataset}, {slug}", result),
        metadata={
            "summary": summary(
                f"{dataset}, {slug}",
                f"fine-tuned, {accuracy_sentence(result.test)} **{result.comparison.verdict}** than its base: "
                f"{points(result.comparison.difference.value)} points, {p_value(result.comparison.p_value)}."
                if result.comparison.verdict in ("better", "worse")
                else f"fine-tuned, {accuracy_sentence(result.test)} Against its base: {result.comparison.verdict}.",
            ),
            **score_metadata(result.test),
            "cost_usd": tag_cost(context, account.paid_usd(f"tuned-evaluation/{slug}")),
            "tokens": result.usage.prompt_tokens + result.usage.completion_tokens,
            **confidence_metadata(result.trust),
            "verdict": result.comparison.verdict,
            "difference": round(result.comparison.difference.value, 4),
            "p_value": float(f"{result.comparison.p_value:.4g}"),
            "gained": result.comparison.gained,
            "lost": result.comparison.lost,
            **prediction_files(store, dataset, slug, "tuned"),
        },
    )
