"""Phase 7: everything that was asked, measured, decided and paid, as data first and then for people."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt
import shlex

import dagster as dg
import polars as pl

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.ledger import cost_rows
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.revised_estimate import with_chosen_cells
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.comparison import Comparison, compare_all
from fw_assets.pipeline.assets.deployment import deployment
from fw_assets.pipeline.assets.plan import account_of, approved, approved_plan
from fw_assets.pipeline.assets.sweep import shown
from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.phases import delivery_inputs, incomplete_inputs
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.evidence import beside_models, cost_points, evidence, learning
from fw_assets.pipeline.reporting.partial_report import assemble_partial, stopped_now
from fw_assets.pipeline.reporting.provenance import package_versions
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.ui.checks import report_checks, specs
from fw_assets.pipeline.ui.metadata import document, files, picture, summary, table
from fw_assets.pipeline.values import (
    Approval,
    Baselines,
    BaseMetrics,
    DeploymentRecord,
    FinalistsRecord,
    FineTuned,
    ReportRecord,
    Sweep,
    TunedMetrics,
)
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.changed_rows import MAX_ROWS, changed_rows
from fw_assets.report.assembly.deployment import Deployed
from fw_assets.report.assembly.report import build_report
from fw_assets.report.escape import prose
from fw_assets.report.formatting import percent, short
from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.plots.cost_accuracy import cost_accuracy
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report, Run
from fw_assets.settings import settings
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

FILES = {"html": "final_report.html", "markdown": "final_report.md", "json": "report.json"}


@dg.asset(
    partitions_def=datasets,
    deps=[deployment, "baselines"],
    group_name="4_delivery",
    kinds={"markdown", "html"},
    check_specs=specs("report"),
    code_version="1",
    description=(
        "**Phase 7.** Base against fine-tuned, the winner, the evidence and the cost.\n\n"
        "To read it, click *Show Markdown* beside `report`, below, or `open_html` where it is listed: that is the "
        "report with its charts and sortable tables. (With several datasets: choose yours on the tab *Partitions* "
        "first.)"
    ),
)
def report(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Writes the report; report.json holds all of it, the other two are renderings."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        current = approved_plan(store, dataset)
        stopped = stopped_now(store, dataset)
        host, account = platform.open(), account_of(store, dataset, current)
        if stopped is None:
            made = assemble(store, host, dataset, current)
            slugs = store.require("finalists", dataset, FinalistsRecord).slugs
            inputs = delivery_inputs(store, dataset, current.digest, list(slugs))
        else:
            run = _run(host, approved(store, dataset), host.account_id)
            made = assemble_partial(store, dataset, current, stopped, run, package_versions())
            head = store.header("approval", dataset)
            inputs = incomplete_inputs(head.digest if head else "")
    store.write_text(made.model_dump_json(indent=2) + "\n", dataset, "report.json")
    text = render_markdown(made)
    store.write_text(text, dataset, "final_report.md")
    store.write_text(render_html(made), dataset, "final_report.html")
    record = ReportRecord(
        markdown=store.url(dataset, "final_report.md"),
        html=store.url(dataset, "final_report.html"),
        json_file=store.url(dataset, "report.json"),
        headline=made.answer,
        winner=made.winner.model if made.winner else "",
        accuracy=_accuracy(made),
        complete=made.status != "incomplete",
    )
    missing = sorted(set(FILES.values()) - set(store.names(dataset)))
    checks = report_checks(dataset, missing, record.complete, made.answer, made.cost.actual_usd, account.ceiling)
    version = store.write("report", dataset, record, inputs=inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=checks,
        metadata={
            "summary": summary(dataset, prose(made.answer)),
            "report": document(text),
            **files(store, **{kind: (dataset, name) for kind, name in FILES.items()}),
            "accuracy": float("nan") if record.accuracy is None else record.accuracy,
            "accuracies": picture(accuracy_bars(made)),
            "cost_against_accuracy": picture(cost_accuracy(made.costs)),
            "actual_usd": made.cost.actual_usd,
            "estimated_usd": made.cost.estimated_usd,
            "candidates": table(
                [
                    {
                        "model": short(c.model),
                        "base": percent(c.base.accuracy) if c.base else None,
                        "fine-tuned": percent(c.tuned.accuracy) if c.tuned else None,
                        "verdict": c.comparison.verdict if c.comparison else None,
                    }
                    for c in made.candidates
                ]
            ),
        },
    )


def assemble(store: Workspace, host: Platform, dataset: str, current: Plan) -> Report:
    """The report of what the workspace holds for the current plan."""
    chosen = store.require("finalists", dataset, FinalistsRecord)
    record = store.require("deployment", dataset, DeploymentRecord)
    prompt = store.require("prompt", dataset, Prompt)
    answer = approved(store, dataset)
    account = account_of(store, dataset, current)
    rows = Batches(store.scan_frame(dataset, "assets", "label_set.parquet"), pl.col("split") == "test")
    tuned = {slug: store.require("metrics", dataset, TunedMetrics, slug) for slug in chosen.slugs}
    compared = compare_all({slug: found.comparison for slug, found in tuned.items()})
    measured = {p.slug: store.require("base_metrics", dataset, BaseMetrics, p.slug) for p in current.models}
    baselines = store.read("baselines", dataset, Baselines)
    candidates = []
    for planned in current.models:
        base = measured[planned.slug]
        result = CandidateInputs(
            model=planned.name,
            base_scores=base.test,
            base_validation=base.validation.headline,
            base_diagnostics=evidence(base.trust, base.free, base.null_control),
            note=_why_not(current, chosen, planned.slug),
        )
        if planned.slug in tuned:
            result = _tuned(store, dataset, planned.slug, base, tuned[planned.slug], compared[planned.slug], rows)
        candidates.append(result)
    entries = account.entries()
    planned_for, revised = _estimates(store, dataset, account, chosen)
    deployed = _deployed(record)
    created = sorted({entry.id for entry in entries if entry.id.startswith("fwa-")})
    return build_report(
        plan=current,
        prompt=prompt,
        candidates=candidates,
        finalists=chosen.finalists,
        winner=record.winner,
        gate=record.gate,
        deployment=deployed,
        cost_rows=cost_rows(planned_for, entries, revised),
        run=_run(host, answer, _account(host, tuned)),
        versions=package_versions(),
        mitigation=answer.mitigation,
        created=created,
        example=next(iter(rows))["messages"][0],
        before=_before(host),
        baselines=beside_models(store, dataset, record.winner, current.label_set),
        costs=cost_points(measured, tuned, baselines.found if baselines else (), entries),
        batch_only=record.address is None,
    )


def _run(host: Platform, answer: Approval, account: str | None) -> Run:
    return Run(
        platform=host.name,
        base_url=host.public_url if host.is_embedded else None,
        account=account,
        started_at=answer.at,
        finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        approved_by=answer.approved_by,
        approved_at=answer.at,
        note=answer.note,
    )


def _estimates(
    store: Workspace, dataset: str, account: Account, chosen: FinalistsRecord
) -> tuple[Estimate, Estimate | None]:
    """The plan's estimate, and the revised one, for the finalists and the cells that were chosen."""
    cells = {slug: store.require("sweep", dataset, Sweep, slug).best.cell for slug in chosen.slugs}
    planned = account.estimate.for_finalists(chosen.slugs)
    if chosen.revised is None:
        return with_chosen_cells(planned, account.plan, cells), None
    return (
        with_chosen_cells(planned, account.plan, cells),
        with_chosen_cells(chosen.revised.for_finalists(chosen.slugs), account.plan, cells),
    )


def _why_not(current: Plan, chosen: FinalistsRecord, slug: str) -> str:
    if current.session.mode == "benchmark":
        return "benchmark only"
    return "" if slug in chosen.slugs else "not among the finalists"


def _tuned(
    store: Workspace,
    dataset: str,
    slug: str,
    base: BaseMetrics,
    found: TunedMetrics,
    comparison: Comparison,
    rows: Batches,
) -> CandidateInputs:
    trained = store.require("fine_tuned_models", dataset, FineTuned, slug)
    swept = store.require("sweep", dataset, Sweep, slug)
    flipped = pl.Series([*comparison.flips_lost[:MAX_ROWS], *comparison.flips_gained[:MAX_ROWS]], dtype=pl.String)
    return CandidateInputs(
        model=base.model,
        base_scores=base.test,
        base_validation=base.validation.headline,
        base_diagnostics=evidence(base.trust, base.free, base.null_control),
        tuned_diagnostics=evidence(found.trust, found.free),
        learning=learning(store, dataset, slug),
        tuned_model=found.tuned_model,
        tuned_scores=found.test,
        tuned_validation=found.validation.headline,
        comparison=comparison,
        flips=changed_rows(
            prediction_batches(store, dataset, slug, "base", "test").rows_with_ids(flipped),
            prediction_batches(store, dataset, slug, "tuned", "test").rows_with_ids(flipped),
            _texts(rows.rows_with_ids(flipped)),
        ),
        sweep=[shown(cell, swept) for cell in swept.cells],
        hyperparameters={
            "lora_rank": trained.cell.lora_rank,
            "learning_rate": trained.cell.learning_rate,
            "epochs": trained.cell.epochs,
            "rows": trained.rows,
        },
    )


def _texts(rows: pl.DataFrame) -> dict[str, str]:
    return {row_id: input_text(messages) for row_id, messages in rows.select("id", "messages").iter_rows()}


def _deployed(record: DeploymentRecord) -> Deployed | None:
    if not record.deployed or record.deployment is None or record.address is None:
        return None
    return Deployed(
        id=record.deployment,
        endpoint=record.endpoint or "",
        address=record.address,
        replayed=record.proof.asked if record.proof else None,
        agreed=record.proof.agreed if record.proof else None,
    )


def _account(host: Platform, tuned: dict[str, TunedMetrics]) -> str | None:
    for found in tuned.values():
        return found.tuned_model.split("/")[1]
    return host.account_id


def _before(host: Platform) -> tuple[str, ...]:
    if not host.is_embedded:
        return ("export FIREWORKS_API_KEY=...",)
    served = f"fw-assets serve --workspace {shlex.quote(settings().workspace_root)}"
    port = host.public_url.rpartition(":")[2]
    key = shlex.quote(str(host.home / "api_key"))
    return (f"{served} --port {port} &", f'export FIREWORKS_API_KEY="$(cat {key})"')


def _accuracy(made: Report) -> float | None:
    if made.winner is None:
        return None
    for candidate in made.candidates:
        if candidate.model == made.winner.base_model:
            result = candidate.tuned if made.winner.kind == "tuned" else candidate.base
            return result.accuracy if result else None
    return None
