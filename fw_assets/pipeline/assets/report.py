"""Phase 7: everything that was asked, measured, decided and paid, as data first and then for people."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Iterator

import dagster as dg

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.selection import ModelKind
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.input_digests import delivery_inputs, incomplete_inputs
from fw_assets.pipeline.reporting.looks import record_look
from fw_assets.pipeline.reporting.partial_report import partial_report, read_stopped
from fw_assets.pipeline.reporting.report_files import text_digest
from fw_assets.pipeline.reporting.run_report import run_report
from fw_assets.pipeline.reporting.trend import record_trend
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.delivery_checks import report_checks
from fw_assets.pipeline.ui.metadata import Row, document, figure, files, picture, summary, table
from fw_assets.pipeline.values.delivery import FinalistsRecord, ReportRecord
from fw_assets.report.advice.headline import headline
from fw_assets.report.escape import prose
from fw_assets.report.formatting import decimal, percent, short, verdict_text
from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.plots.cost_accuracy import cost_accuracy
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.model_card import render_card
from fw_assets.report.schema.comparison import ComparisonResult
from fw_assets.report.schema.fields import Fields
from fw_assets.report.schema.looks import Look
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.schema.slices import Slices
from fw_assets.report.sections.baselines import recommended_name
from fw_assets.report.sections.costs import is_free
from fw_assets.report.sections.looks import extra_reads
from fw_assets.report.trend.table import has_trend, trend_table
from fw_assets.workspace.workspace import Workspace

FILES = {"html": "final_report.html", "markdown": "final_report.md", "json": "report.json", "card": "model_card.md"}


@pipeline_asset(
    kinds={"markdown", "html"},
    description=(
        "Phase 7: Base against fine-tuned, the winner, the evidence and the cost.\n\n"
        "To read it, click “Show Markdown” beside report, below, or the link beside open_html where it is listed: that "
        "is the report with its charts and sortable tables. With several datasets choose yours on the tab Partitions "
        "first."
    ),
)
def report(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Writes the report; report.json holds all of it, the other two are renderings."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        account = approved_account(store, dataset)
        stopped = read_stopped(store, dataset)
        if stopped is None:
            slugs = store.require("finalists", dataset, FinalistsRecord).slugs
            inputs = delivery_inputs(store, dataset, account.plan.digest, slugs)
        else:
            header = store.header("approval", dataset)
            inputs = incomplete_inputs(header.digest if header else "")
        made = made_meanwhile(ReportRecord, inputs)
        written = store.read_text(dataset, FILES["json"]) if made else None
        if written is not None:
            content = Report.model_validate_json(written)
        elif stopped is None:
            content = run_report(platform.open(), account)
        else:
            content = partial_report(platform.open(), account, stopped)
        if written is None and any(item.base for item in content.candidates):
            content = _counted(store, account.plan, content)
    text = render_markdown(content)
    record = made if made and written else _write(store, dataset, content, text)
    if not store.exists(dataset, FILES["card"]):  # an earlier version made the report meanwhile
        store.write_text(render_card(content), dataset, FILES["card"])
    version = store.write("report", dataset, record, inputs=inputs)
    cost = content.cost
    missing = sorted(set(FILES.values()) - set(store.names(dataset)))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=report_checks(
            dataset, missing, record.complete, content.answer, cost.actual_usd, account.ceiling
        ),
        metadata={
            "summary": summary(dataset, f"**{prose(headline(content))}**", prose(content.answer)),
            "report": document(text),
            **files(store.root, **{kind: (dataset, name) for kind, name in FILES.items()}),
            **({"trend": table(_trend_rows(content))} if has_trend(content) else {}),
            "accuracy": figure(record.accuracy),
            "accuracies": picture(accuracy_bars(content)),
            **({} if is_free(content) else {"cost_accuracy": picture(cost_accuracy(content))}),
            "actual_usd": cost.actual_usd,
            "estimated_usd": cost.estimated_usd,
            "candidates": table(_candidate_rows(content)),
            **({"fields": table(_field_rows(content.fields))} if content.fields else {}),
            **({"slices": table(_slice_rows(content.slices))} if content.slices and content.slices.results else {}),
        },
    )


def _counted(store: Workspace, plan: Plan, content: Report) -> Report:
    """The report with its place among the looks at its test rows, which is recorded before anybody sees a figure."""
    look = Look(
        test_digest=plan.label_set.split.test_digest,
        plan=plan.digest,
        dataset=plan.dataset,
        at=content.run.finished_at or "",
        extra_reads=extra_reads(content),
    )
    counted = content.model_copy(update={"looks": record_look(store, look)})
    return counted.model_copy(update={"trend": record_trend(store, counted)})


def _write(store: Workspace, dataset: str, content: Report, markdown: str) -> ReportRecord:
    texts = {
        FILES["json"]: content.model_dump_json(indent=2) + "\n",
        FILES["markdown"]: markdown,
        FILES["html"]: render_html(content),
        FILES["card"]: render_card(content),
    }
    for name, text in texts.items():
        store.write_text(text, dataset, name)
    return ReportRecord(
        markdown=store.url(dataset, FILES["markdown"]),
        html=store.url(dataset, FILES["html"]),
        json_file=store.url(dataset, FILES["json"]),
        headline=content.answer,
        winner=content.winner.model if content.winner else "",
        accuracy=_winner_accuracy(content),
        complete=content.status != "incomplete",
        sha256={name: text_digest(text) for name, text in texts.items()},
        recommended=recommended_name(content),
    )


def _candidate_rows(content: Report) -> list[Row]:
    """The models in the base and in the fine-tuned form, the least accurate first."""
    rows = [
        (result.accuracy, _candidate_row(content, candidate, kind, result))
        for candidate in content.candidates
        for kind, result in _results(candidate)
    ]
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def _results(candidate: CandidateResult) -> Iterator[tuple[ModelKind, ModelResult]]:
    if candidate.base is not None:
        yield "base", candidate.base
    if candidate.tuned is not None:
        yield "tuned", candidate.tuned


def _candidate_row(content: Report, candidate: CandidateResult, kind: ModelKind, result: ModelResult) -> Row:
    row: Row = {
        "model": f"{short(candidate.model)}, {kind}",
        "right": percent(result.accuracy),
        "F1": decimal(result.macro_f1),
        "verdict": _verdict(candidate.comparison) if kind == "tuned" else None,
    }
    if content.mistakes is None:
        return row
    costs = [item.cost for item in content.mistakes.models if (item.name, item.kind) == (short(candidate.model), kind)]
    return {**row, "cost of 1,000 rows": round(costs[0], 1) if costs else None}


def _field_rows(fields: Fields) -> list[Row]:
    """What each model got right of every field, of all together and of whole objects."""
    return [
        {
            "model": f"{short(item.model)}, {item.kind}",
            "right": "; ".join(f"{score.field} {percent(score.accuracy)}" for score in item.fields),
            "all fields": percent(item.mean),
            "whole object": percent(item.whole),
        }
        for item in fields.models
    ]


def _trend_rows(content: Report) -> list[Row]:
    """The dataset's reports, this one first."""
    shown = trend_table(content)
    names = [column.name or "kind" for column in shown.columns]
    return [dict(zip(names, map(str, row), strict=True)) for row in reversed(shown.rows)]


def _slice_rows(slices: Slices) -> list[Row]:
    """Slices of the model that is kept, that which lies furthest below the rest first."""
    return [
        {
            "slice": f"{item.field}: {item.name}",
            "right": f"{percent(item.accuracy)} of {item.rows:,}",
            "rest": percent(item.rest_accuracy),
            "verdict": f"{verdict_text(item.verdict, slices.margin)} (adjusted p {item.adjusted_p_value:.2g})",
        }
        for item in slices.results
    ]


def _verdict(comparison: ComparisonResult | None) -> str | None:
    return verdict_text(comparison.verdict, comparison.margin) if comparison else None


def _winner_accuracy(content: Report) -> float | None:
    if content.winner is None:
        return None
    for candidate in content.candidates:
        if candidate.model == content.winner.base_model:
            result = candidate.tuned if content.winner.kind == "tuned" else candidate.base
            return result.accuracy if result else None
    return None
