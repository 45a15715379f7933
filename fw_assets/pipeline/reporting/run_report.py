"""The report of a finished run: everything that was measured, decided and paid under the current plan."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.arm import arm_of, without_arm
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.ledger import cost_rows
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.revised_estimate import DatasetTokens, with_chosen_cells, with_dataset_tokens
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.pipeline.approvals import require_approval
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.free_models.cascade_results import cascade_points, cascade_results
from fw_assets.pipeline.planning.examples import served_messages
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.billing import billed_days
from fw_assets.pipeline.reporting.candidate_pairs import candidate_pairs, free_pairs
from fw_assets.pipeline.reporting.confused_cells import confused_cells
from fw_assets.pipeline.reporting.diagnostics import baseline_comparison, cost_points, diagnostics, learning_points
from fw_assets.pipeline.reporting.distributions import distribution_results, scope_results, threshold_results
from fw_assets.pipeline.reporting.mistakes import mistakes_result
from fw_assets.pipeline.reporting.provenance import client_setup, package_versions, predict_command, report_run
from fw_assets.pipeline.reporting.records import record_results
from fw_assets.pipeline.reporting.similarity import similarity_results
from fw_assets.pipeline.reporting.slices import hierarchy_result, slice_results
from fw_assets.pipeline.reporting.sweep_cells import sweep_cell_results
from fw_assets.pipeline.values.base_results import base_results, unevaluated
from fw_assets.pipeline.values.delivery import DeploymentRecord, FinalistsRecord
from fw_assets.pipeline.values.evaluation import Baselines, BaseMetrics, TunedMetrics
from fw_assets.pipeline.values.served_prompt import served_prompt
from fw_assets.pipeline.values.tuned_decisions import refused_decisions, tuned_metrics
from fw_assets.pipeline.values.tuning import FineTuned, Sweep
from fw_assets.report.assembly.baselines import best_baseline
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.changed_rows import MAX_ROWS, changed_rows
from fw_assets.report.assembly.deployment import Deployed
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.assembly.recommended_code import Served
from fw_assets.report.assembly.report import build_report
from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.report import Report
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def run_report(platform: Platform, account: PlanAccount) -> Report:
    """The report of what the workspace holds for the plan of this account."""
    store, dataset, plan = account.store, account.dataset, account.plan
    finalists = store.require("finalists", dataset, FinalistsRecord)
    record = store.require("deployment", dataset, DeploymentRecord)
    approval = require_approval(store, dataset)
    rows = part_batches(store, dataset, "test")
    tuned = tuned_metrics(store, plan, finalists.slugs)
    base, without = base_results(store, plan), unevaluated(store, plan)
    baselines = store.read("baselines", dataset, Baselines)
    scores: dict[Model, Scores] = {(slug, "base"): metrics.test for slug, metrics in base.items()}
    scores |= {(slug, "tuned"): metrics.test for slug, metrics in tuned.items()}
    against = candidate_pairs(store, dataset, plan, record.winner, scores)
    comparisons = {
        slug: _own_comparison(store, plan, slug, metrics, against.own(slug)) for slug, metrics in tuned.items()
    }
    candidates = [
        _tuned_candidate(store, plan, model.slug, base[model.slug], tuned[model.slug], comparisons[model.slug], rows)
        if model.slug in tuned
        else CandidateInputs(model=model.name, base_scores=None, note=without[model.slug].note)
        if model.slug in without
        else _base_candidate(
            store, plan, model.slug, base[model.slug], _why_not_tuned(plan, finalists, model.slug), rows
        )
        for model in plan.models
    ]
    names = _names(base, tuned, baselines)
    entries, kept = account.entries(), record.in_use
    estimate, revised = _estimates(account, finalists)
    costs = cost_points(base, tuned, baselines.found if baselines else (), entries, estimate, plan.session.traffic)
    found = cascade_results(store, plan, record.serves, costs)
    return build_report(
        plan=plan,
        prompt=served_prompt(store, dataset, record),
        candidates=candidates,
        finalists=finalists.finalists,
        winner=record.winner,
        gate=record.gate,
        deployment=_deployed(record),
        cost_rows=cost_rows(estimate, entries, revised),
        run=report_run(platform, approval, _platform_account(platform, tuned), plan, finalists.revised),
        versions=package_versions(),
        mitigation=approval.mitigation,
        created=account.created_resources(),
        example=_example(store, platform, dataset, record, next(iter(rows))["messages"][0]),
        before=client_setup(platform, store, dataset, deployed=_is_own(plan, record)),
        served=_served(plan, record),
        predict=predict_command(platform, store, dataset),
        refused=refused_decisions(store, plan, finalists.slugs),
        mistakes=mistakes_result(
            store,
            plan,
            _all_models(scores, baselines),
            record.winner,
            kept,
            best_baseline(baselines.found) if baselines else None,
        ),
        baselines=baseline_comparison(
            store, dataset, kept, plan, (tuned if kept[1] == "tuned" else base)[kept[0]].validation.headline.value
        ),
        billed=billed_days(platform, account),
        costs=cascade_points(found, costs),
        cascades=found,
        batch_only=record.address is None,
        choice=against.choice,
        pairs=against.pairs,
        tied=against.tied,
        free_pairs=free_pairs(store, plan, baselines.found, kept, record.winner) if baselines else (),
        free_left_out=baselines.left_out if baselines else "",
        similarity=similarity_results(store, dataset, names, plan.rows.get("train", 0), plan.rows.get("test", 0)),
        distributions=()
        if plan.label_set.multi_label
        else distribution_results(store, dataset, names, len(plan.label_set.labels)),
        thresholds=threshold_results(store, plan, names, _thresholds(base, tuned, baselines)),
        scope=scope_results(store, plan, names),
        fields=record_results(store, plan, list(scores), record.winner),
        hierarchy=hierarchy_result(store, plan, names),
        slices=slice_results(store, plan, kept, record.winner.challenger),
    )


def _example(store: Workspace, platform: Platform, dataset: str, record: DeploymentRecord, messages: str) -> str:
    """A row as what serves is asked for it."""
    if record.few_shot is None:
        return messages
    return served_messages(store, platform, dataset, record.few_shot)([messages])[0]


def _all_models(scores: dict[Model, Scores], baselines: Baselines | None) -> list[Model]:
    """Every model, then every baseline."""
    return [*scores, *((item.name, "baseline") for item in (baselines.found if baselines else ()))]


def _names(
    base: dict[str, BaseMetrics], tuned: dict[str, TunedMetrics], baselines: Baselines | None
) -> dict[tuple[str, str], str]:
    """The full name of every model, by slug and kind."""
    models: dict[tuple[str, str], str] = {(slug, "base"): metrics.model for slug, metrics in base.items()}
    models |= {(slug, "tuned"): metrics.model for slug, metrics in tuned.items()}
    models |= {(item.name, "baseline"): item.name for item in (baselines.found if baselines else ())}
    return models


def _thresholds(
    base: dict[str, BaseMetrics], tuned: dict[str, TunedMetrics], baselines: Baselines | None
) -> dict[tuple[str, str], LabelThresholds | None]:
    """The thresholds of every model, by slug and kind."""
    fitted = {(slug, "base"): metrics.thresholds for slug, metrics in base.items()}
    fitted |= {(slug, "tuned"): metrics.thresholds for slug, metrics in tuned.items()}
    return fitted | {(item.name, "baseline"): item.thresholds for item in (baselines.found if baselines else ())}


def _own_comparison(
    store: Workspace, plan: Plan, slug: str, metrics: TunedMetrics, pair: PairResult | None
) -> Comparison:
    """A fine-tuned model against its base, at the level at which the pair is judged among all candidates."""
    comparison = metrics.comparison
    if comparison.differences is None:  # stored before groups were counted
        comparison = compare(
            prediction_batches(store, plan.dataset, slug, "base", "test"),
            prediction_batches(store, plan.dataset, slug, "tuned", "test"),
            labels=plan.label_set.labels,
            seed=plan.session.seed,
            margin=plan.session.margin,
            guard=plan.session.gate,
        )
    return comparison if pair is None else comparison.at_level(pair.level, pair.adjusted_p_value)


def _base_candidate(
    store: Workspace, plan: Plan, slug: str, base: BaseMetrics, note: str, rows: Batches
) -> CandidateInputs:
    cells = confused_cells(store, plan, (slug, "base"), rows)
    return CandidateInputs(
        model=plan.model(slug).name,
        base_scores=base.test,
        base_validation=base.validation.headline,
        base_diagnostics=diagnostics(base.trust, base.free, base.null_control, cells, base.order),
        note=note,
        examples=base.examples,
        calibration=base.calibration,
    )


def _tuned_candidate(
    store: Workspace,
    plan: Plan,
    slug: str,
    base: BaseMetrics,
    metrics: TunedMetrics,
    comparison: Comparison,
    rows: Batches,
) -> CandidateInputs:
    dataset = plan.dataset
    trained = store.require("fine_tuned_models", dataset, FineTuned, without_arm(slug))
    sweep = store.require("sweep", dataset, Sweep, without_arm(slug))
    flips = pl.Series([*comparison.flips_lost[:MAX_ROWS], *comparison.flips_gained[:MAX_ROWS]], dtype=pl.String)
    return CandidateInputs(
        model=base.model,
        base_scores=base.test,
        base_validation=base.validation.headline,
        calibration=base.calibration,
        base_diagnostics=diagnostics(
            base.trust, base.free, base.null_control, confused_cells(store, plan, (slug, "base"), rows), base.order
        ),
        tuned_diagnostics=diagnostics(
            metrics.trust,
            metrics.free,
            cells=confused_cells(store, plan, (slug, "tuned"), rows),
            order=metrics.order,
        ),
        learning=learning_points(store, plan, slug),
        tuned_model=metrics.tuned_model,
        tuned_scores=metrics.test,
        tuned_validation=metrics.validation.headline,
        comparison=comparison,
        flips=changed_rows(
            prediction_batches(store, dataset, slug, "base", "test").rows_with_ids(flips),
            prediction_batches(store, dataset, slug, "tuned", "test").rows_with_ids(flips),
            _texts(rows.rows_with_ids(flips)),
        ),
        # An arm is another way of asking what is trained in the row of its model.
        sweep=()
        if arm_of(slug)
        else sweep_cell_results(sweep, {metrics.tuned_model: metrics.validation.headline.value}),
        hyperparameters={
            "lora_rank": trained.cell.lora_rank,
            "learning_rate": trained.cell.learning_rate,
            "epochs": trained.cell.epochs,
            "rows": trained.rows,
        },
    )


def _estimates(account: PlanAccount, finalists: FinalistsRecord) -> tuple[Estimate, Estimate | None]:
    """The approved estimate and the revised one, both for the finalists and the cells that the sweeps chose.

    The revised one has the token counts of the base models' evaluation and of the uploaded rows.
    """
    sweeps = {slug: account.store.require("sweep", account.dataset, Sweep, slug) for slug in finalists.slugs}
    cells = {slug: sweep.best.cell for slug, sweep in sweeps.items()}
    approved = with_chosen_cells(account.estimate.for_finalists(finalists.slugs), account.plan, cells)
    if finalists.revised is None:
        return approved, None
    revised = with_chosen_cells(finalists.revised.for_finalists(finalists.slugs), account.plan, cells)
    tokens = {
        slug: DatasetTokens(
            sweep=sweep.dataset_tokens,
            train=account.store.require("fine_tuned_models", account.dataset, FineTuned, slug).dataset_tokens,
        )
        for slug, sweep in sweeps.items()
    }
    return approved, with_dataset_tokens(revised, account.plan, cells, tokens)


def _why_not_tuned(plan: Plan, finalists: FinalistsRecord, slug: str) -> str:
    if plan.model(slug).arm:
        return "a way of asking the base model, not trained"
    if plan.model(slug).is_named_deployment or plan.model(slug).is_router:
        return "evaluated as it is, not trained"
    if plan.model(slug).base_model:
        return "an adapter that existed before, not trained again"
    if plan.session.mode == "benchmark":
        return "benchmark only"
    return "" if slug in finalists.slugs else "not among the finalists"


def _texts(rows: pl.DataFrame) -> dict[str, str]:
    return {row_id: input_text(messages) for row_id, messages in rows.select("id", "messages").iter_rows()}


def _is_own(plan: Plan, record: DeploymentRecord) -> bool:
    """Whether a deployment was made for the winner, and comes back by a command where it is removed."""
    return record.deployed and record.deployment != plan.model(record.winner.model).deployment


def _deployed(record: DeploymentRecord) -> Deployed | None:
    if not record.deployed or record.deployment is None or record.address is None:
        return None
    return Deployed(
        id=record.deployment,
        endpoint=record.endpoint or "",
        address=record.address,
        replayed=record.proof.asked if record.proof else None,
        agreed=record.proof.agreed if record.proof else None,
        served=str(record.path) if record.path else "",
        usd_per_hour=record.usd_per_hour,
    )


def _served(plan: Plan, record: DeploymentRecord) -> Served | None:
    """What answers requests: the deployed winner, or the model that is kept as it is."""
    if record.address is None or record.endpoint is None:
        return None
    slug, kind = record.serves
    return Served(
        address=record.address,
        endpoint=record.endpoint,
        model=plan.model(slug).name,
        kind=kind,
        deployed=record.deployed,
        server=record.server,
        form=record.form,
        few_shot=record.few_shot is not None,
    )


def _platform_account(platform: Platform, tuned: dict[str, TunedMetrics]) -> str | None:
    """The account that the models belong to, by their names; without any, the one that is set."""
    for metrics in tuned.values():
        return metrics.tuned_model.split("/")[1]
    return platform.account_id
