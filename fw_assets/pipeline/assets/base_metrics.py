"""Phase 3, first half: what the base models can do, and which of them are worth fine-tuning."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Mapping

import dagster as dg

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.revised_estimate import EstimateBasis, TokenUsage, revise_estimate
from fw_assets.classification.selection.selection import Candidate, choose_finalists
from fw_assets.classification.session import Mitigation
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.assets.approval import approval
from fw_assets.pipeline.assets.plan import account_of, approved, approved_plan, plan
from fw_assets.pipeline.automation.skipped_cells import inapplicable_cells, skipped
from fw_assets.pipeline.evaluation.evaluate import PARTS, evaluate
from fw_assets.pipeline.partitions import cells, dataset_and_model, datasets
from fw_assets.pipeline.phases import baseline_inputs, finalists_inputs
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures, retry_transient, warn_on_cancel
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.checks import finalists_checks, score_checks, specs
from fw_assets.pipeline.ui.metadata import File, Row, files, summary, table
from fw_assets.pipeline.ui.score_metadata import accuracy_sentence, confidence_metadata, score_metadata
from fw_assets.pipeline.values import BaseMetrics, FinalistsRecord
from fw_assets.report.escape import code
from fw_assets.report.formatting import percent, percent_range, plural
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.workspace import Workspace


@dg.asset(
    partitions_def=cells,
    deps=[approval],
    group_name="2_baseline",
    kinds={"fireworks"},
    code_version="1",
    pool="inference",
    check_specs=specs("base_metrics"),
    description=(
        "**Phase 3.** One base model, asked for every validation and test row as it is: what fine-tuning has to beat. "
        "Starts when the plan is approved, once for each model of the plan."
    ),
)
def base_metrics(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Benchmarks one base model. Answers are kept row by row; only missing rows are asked for."""
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        current = approved_plan(store, dataset)
        model = current.model(slug)
        account = account_of(store, dataset, current)

        async def work(client: Fireworks) -> BaseMetrics:
            found = await evaluate(
                client,
                account,
                model.name,
                strategy=model.strategy,
                slug=slug,
                kind="base",
                stage="base-evaluation",
                poll=host.poll_seconds,
            )
            return BaseMetrics(
                model=model.name,
                address=found.served.address,
                deployment=found.served.deployment,
                validation=found.validation,
                test=found.test,
                usage=found.usage,
                trust=found.trust,
                free=found.free,
                null_control=found.null_control,
            )

        with warn_on_cancel(context, account, slug):
            metrics = host.call(work)
    made = store.write("base_metrics", dataset, metrics, inputs=baseline_inputs(current.digest), model=slug)
    cost = tag_cost(context, account.paid_usd(f"base-evaluation/{slug}"))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=score_checks("base_metrics", f"{dataset}, {slug}", (metrics.validation, metrics.test)),
        metadata={
            "summary": summary(f"{dataset}, {slug}", f"as it is, {accuracy_sentence(metrics.test)}"),
            **score_metadata(metrics.test),
            "cost_usd": cost,
            "tokens": metrics.usage.prompt_tokens + metrics.usage.completion_tokens,
            **confidence_metadata(metrics.trust),
            **prediction_files(store, dataset, slug, "base"),
        },
    )


@dg.asset(
    partitions_def=datasets,
    deps=[base_metrics, plan],
    group_name="2_baseline",
    kinds={"python"},
    check_specs=specs("finalists"),
    code_version="1",
    description=(
        "**Phase 3.** The base models that go on to fine-tuning, chosen on the validation rows. The cells of all "
        "others are settled as *skipped*, with the reason in their metadata."
    ),
)
def finalists(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Chooses the strongest base models; reports every cell that will not run as skipped, with the reason."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        current = approved_plan(store, dataset)
        slugs = [model.slug for model in current.models]
        measured = {slug: store.require("base_metrics", dataset, BaseMetrics, slug) for slug in slugs}
        standings = [
            Candidate(
                model=slug,
                validation=measured[slug].validation.headline,
                price=current.expected_usd(slug),
                complete=measured[slug].validation.complete,
            )
            for slug in slugs
        ]
        chosen = choose_finalists(standings, current.session.finalists)
        tuned = () if current.session.mode == "benchmark" else chosen.chosen
        revised = revised_estimate(store, dataset, current, measured)
    record = FinalistsRecord(finalists=chosen, slugs=tuned, revised=revised)
    inputs = finalists_inputs(store, dataset, current.digest, slugs)
    made = store.write("finalists", dataset, record, inputs=inputs)
    for event in skipped(dataset, inapplicable_cells(store, dataset, slugs)):
        context.instance.report_runless_asset_event(event)
    account = account_of(store, dataset, current)
    going_on = ", ".join(code(slug, table=False) for slug in tuned) or "None: benchmark only"
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=finalists_checks(dataset, record, current, account.ceiling),
        metadata={
            "summary": summary(dataset, f"to be fine-tuned: {going_on}, of {plural(len(slugs), 'base model')}."),
            "finalists": len(tuned),
            "best_validation_accuracy": round(chosen.ranked[0].validation.value, 4),
            "cost_usd": account.ledger().spent,
            "ranking": table(
                [
                    {
                        "model": entry.model,
                        "validation": percent(entry.validation.value),
                        "95% interval": percent_range((entry.validation.low, entry.validation.high)),
                        "goes on": "yes" if entry.model in tuned else "no",
                        "why": entry.why,
                    }
                    for entry in chosen.ranked
                ]
            ),
            "estimate": table(compared(current, revised, approved(store, dataset).mitigation)),
            "revised_usd": revised.for_finalists(tuned).expected if revised else float("nan"),
        },
    )


def revised_estimate(
    store: Workspace, dataset: str, current: Plan, measured: Mapping[str, BaseMetrics]
) -> Estimate | None:
    """The plan's estimate with the tokens that the base models were seen to use; None without the plan's basis."""
    head = store.header("basis", dataset)
    if head is None or head.inputs != current.digest:
        return None
    used = {
        slug: TokenUsage(prompt_tokens=found.usage.prompt_tokens, completion_tokens=found.usage.completion_tokens)
        for slug, found in measured.items()
    }
    return revise_estimate(
        current, store.require("basis", dataset, EstimateBasis), approved(store, dataset).mitigation, used
    )


def compared(current: Plan, revised: Estimate | None, mitigation: Mitigation) -> list[Row]:
    """The estimate as it was approved beside the revised one, line by line, in US dollars."""
    later = {line.key: line for line in revised.lines} if revised else {}
    return [
        {
            "line": line.key,
            "planned": line.usd.expected if line.usd else None,
            "revised": later[line.key].known_usd.expected if line.key in later else None,
            "known": line.usd is not None,
        }
        for line in current.estimate_for(mitigation).lines
        if line.counted
    ]


def prediction_files(store: Workspace, dataset: str, slug: str, kind: str) -> dict[str, File]:
    """Where every row's answer lies, part by part."""
    return files(store, **{f"{part}_predictions": prediction_path(dataset, slug, kind, part) for part in PARTS})
