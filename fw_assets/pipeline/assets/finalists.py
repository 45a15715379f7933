"""Phase 3: the base models that are worth fine-tuning."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Mapping, Sequence

import dagster as dg

from fw_assets.classification.arm import arm_of
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.metrics.confidence import validation_loss
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.revised_estimate import EstimateBasis, TokenUsage, revise_estimate
from fw_assets.classification.selection.pair_comparison import compare_accuracy
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.classification.selection.power import BaseDiscordance, base_discordance
from fw_assets.classification.selection.selection import Candidate, Finalists, choose_finalists
from fw_assets.classification.session import Mitigation
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.input_digests import finalists_inputs
from fw_assets.pipeline.progress import announce
from fw_assets.pipeline.reporting.mistakes import cost_column, model_cost
from fw_assets.pipeline.reporting.records import validation_accuracy
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.metadata import Row, summary, table, tables
from fw_assets.pipeline.ui.model_checks import finalists_checks
from fw_assets.pipeline.values.base_results import base_results
from fw_assets.pipeline.values.delivery import FinalistsRecord
from fw_assets.pipeline.values.evaluation import BaseMetrics
from fw_assets.report.escape import code
from fw_assets.report.formatting import duration_revised, interval_text, plural
from fw_assets.report.plan.summary import revised_power
from fw_assets.report.sections.small_numbers import power_sentence
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"python"},
    description=(
        "Phase 3: The base models that go on to fine-tuning, chosen on the validation rows; the ranking says why "
        "the others do not. What follows finalists stays missing for those, and nothing waits for it."
    ),
)
def finalists(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Chooses the strongest base models."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        account = approved_account(store, dataset)
        plan = account.plan
        slugs = [model.slug for model in plan.models]
        inputs = finalists_inputs(store, dataset, plan.digest, slugs)
        record = made_meanwhile(FinalistsRecord, inputs) or _choose_finalists(account)
    version = store.write("finalists", dataset, record, inputs=inputs)
    seen = power_sentence(revised_power(plan, record.discordance))
    if record.discordance is not None and record.slugs:
        announce(f"{dataset}: {seen}")
    ranking, revised = record.finalists, record.revised
    revised_time = _revised_time(plan, revised, account.mitigation)
    if revised_time and record.slugs:
        announce(f"{dataset}: {revised_time}")
    names = ", ".join(code(slug, table=False) for slug in record.slugs) or "None: benchmark only"
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=finalists_checks(dataset, record, plan, account.ceiling),
        metadata={
            "summary": summary(dataset, f"to be fine-tuned: {names}, of {plural(len(slugs), 'base model')}."),
            "finalists": len(record.slugs),
            "best_validation": round(ranking.ranked[0].validation.value, 4),
            "cost_usd": account.ledger().spent,
            "what_can_be_seen": dg.MetadataValue.text(seen),
            **({"time_needed": dg.MetadataValue.text(revised_time)} if revised_time else {}),
            "ranking": table(_ranking_rows(record)),
            **tables(estimate=_estimate_rows(plan, revised, account.mitigation) if plan.estimate.high else []),
            "revised_usd": revised.for_finalists(record.slugs).expected if revised else float("nan"),
        },
    )


def _choose_finalists(account: PlanAccount) -> FinalistsRecord:
    plan = account.plan
    base = base_results(account.store, plan)
    ranking = _choose(account.store, plan, base)
    going_on = () if plan.session.mode == "benchmark" else ranking.chosen
    discordance = _discordance(account, [entry.model for entry in ranking.ranked if not arm_of(entry.model)])
    revised = _revised_estimate(account, base)
    return FinalistsRecord(finalists=ranking, slugs=going_on, revised=revised, discordance=discordance)


def _discordance(account: PlanAccount, models: Sequence[str]) -> BaseDiscordance | None:
    if len(models) < 2:
        return None
    first, second = models[:2]
    frames = (
        prediction_batches(account.store, account.dataset, slug, "base", "validation", COMPARED_COLUMNS)
        for slug in (first, second)
    )
    return base_discordance((first, second), compare_accuracy(*frames))


def _choose(store: Workspace, plan: Plan, base: Mapping[str, BaseMetrics]) -> Finalists:
    candidates = [
        Candidate(
            model=slug,
            validation=validation_accuracy(store, plan, (slug, "base"), metrics.validation),
            loss=validation_loss(metrics.validation, metrics.trust),
            cost=model_cost(store, plan, (slug, "base"), "validation"),
            price=plan.expected_usd(slug),
            complete=metrics.validation.complete,
            adapter=bool(plan.model(slug).base_model),
            tunable=plan.model(slug).tunable,
        )
        for slug, metrics in base.items()
    ]
    return choose_finalists(candidates, plan.session.finalists)


def _revised_estimate(account: PlanAccount, base: Mapping[str, BaseMetrics]) -> Estimate | None:
    """The plan's estimate with the tokens that the base models used; None without the figures it was made from."""
    head = account.store.header("basis", account.dataset)
    if head is None or head.inputs != account.plan.digest:
        return None
    used = {
        slug: TokenUsage(prompt_tokens=metrics.usage.prompt_tokens, completion_tokens=metrics.usage.completion_tokens)
        for slug, metrics in base.items()
    }
    basis = account.store.require("basis", account.dataset, EstimateBasis)
    paces = {slug: metrics.pace for slug, metrics in base.items() if metrics.pace is not None}
    return revise_estimate(account.plan, basis, account.mitigation, used, paces)


def _revised_time(plan: Plan, revised: Estimate | None, mitigation: Mitigation) -> str:
    """The duration by the pace of the base models; empty where none of them computes on the platform's machine."""
    if revised is None or not plan.runs_on_own_machine:
        return ""
    return duration_revised(plan.estimate_for(mitigation).minutes, revised.minutes)


def _ranking_rows(record: FinalistsRecord) -> list[Row]:
    return [
        {
            "model": entry.model,
            "right": interval_text(entry.validation),
            **cost_column(entry),
            "goes on": "yes" if entry.model in record.slugs else "no",
            "why": entry.why,
        }
        for entry in record.finalists.ranked
    ]


def _estimate_rows(plan: Plan, revised: Estimate | None, mitigation: Mitigation) -> list[Row]:
    """The estimate as it was approved and as it was revised, line by line, in US dollars."""
    later = {line.key: line for line in revised.lines} if revised else {}
    return [
        {
            "line": line.key,
            "planned": line.usd.expected if line.usd else "unknown",
            "revised": later[line.key].known_usd.expected if line.key in later else None,
        }
        for line in plan.estimate_for(mitigation).lines
        if line.counted
    ]
