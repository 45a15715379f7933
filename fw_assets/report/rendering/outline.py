"""Outlines of report, plan and comparison: what terminal and notebook show of them, to be drawn by each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fw_assets.classification.plan.plan import Plan
from fw_assets.report.advice.headline import headline
from fw_assets.report.fields import tables as field_tables
from fw_assets.report.formatting import short
from fw_assets.report.hierarchy import tables as hierarchy
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.imbalance.macro import label_averages
from fw_assets.report.plan import costs as plan_costs
from fw_assets.report.plan import fields as plan_fields
from fw_assets.report.plan import labels as plan_labels
from fw_assets.report.plan import summary, tables
from fw_assets.report.schema.report import Report
from fw_assets.report.scope import tables as scope
from fw_assets.report.sections import answer, confidence, costs, deployment, labels, pairs, results, slices
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.sections.looks import reads_sentence
from fw_assets.report.sections.model_comparison import ModelComparison
from fw_assets.report.table import Table
from fw_assets.report.trend.table import has_trend, trend_table

MAX_LABELS = 20
PYTHON_YES = "plan.approve(), where plan is what fw_assets.plan() returned"
"""How to say yes to a plan that Python shows."""


@dataclass(frozen=True)
class Heading:
    """The heading of what follows."""

    text: str


@dataclass(frozen=True)
class Sentence:
    """A paragraph; `careful` is a warning."""

    text: str
    tone: Literal["plain", "strong", "careful"] = "plain"


@dataclass(frozen=True)
class Drawing:
    """A table, or without heads, facts by name."""

    table: Table
    heads: bool = True


Part = Heading | Sentence | Drawing


def plan_outline(plan: Plan, yes: str = "") -> Iterator[Part]:
    """Everything that a person needs to approve a plan, or to reject it; `yes` says how."""
    yield Heading(f"Plan for {plan.dataset}")
    yield Drawing(summary.first_screen(plan, yes), heads=False)
    for warning in plan.warnings:
        yield Sentence(f"Careful: {warning}", "careful")
    yield Heading("Labels")
    yield Sentence(plan_labels.extraction(plan))
    yield Drawing(_cut(plan_labels.label_counts(plan)))
    if plan.inspected.fields:
        yield Heading("Fields of the answers")
        yield Drawing(_cut(plan_fields.fields(plan)))
    if plan.label_set.imbalance.mitigations:
        yield Heading("Imbalance")
        yield Drawing(plan_costs.mitigations(plan))
    yield Heading("Models")
    yield Drawing(tables.models(plan))
    yield Heading("Cost")
    yield Drawing(plan_costs.stages(plan))
    if plan_costs.traffic(plan):
        yield Sentence(plan_costs.traffic(plan))


def comparison_outline(comparison: ModelComparison) -> Iterator[Part]:
    """Two models side by side."""
    yield Sentence(comparison.answer, "strong")
    yield Drawing(comparison.figures())
    yield Heading("Labels that changed most")
    yield Drawing(_cut(comparison.labels()))


def report_outline(report: Report) -> Iterator[Part]:
    """The answer, base against fine-tuned, the labels, the deployment and the cost."""
    yield Sentence(headline(report), "strong")
    yield Sentence(report.answer)
    yield Drawing(answer.first_screen(report), heads=False)
    for caveat in caveats(report):
        yield Sentence(f"Careful: {caveat}", "careful")
    yield Sentence(reads_sentence(report))
    benchmark = report.status == "benchmark"
    yield Heading("Base models" if benchmark else "Base against fine-tuned")
    yield Drawing(results.benchmark(report) if benchmark else _without(results.comparison(report), "Gained / lost", ""))
    averages = label_averages(judged_models(report, ordered(report)))
    if averages.rows:
        yield Heading("Every label counted alike")
        yield Drawing(averages)
    if len(report.pairs) > 1:
        yield Heading("Candidates against each other")
        yield Drawing(_cut(_without(pairs.pairs(report), "Only it / only the other right")))
        yield from (Sentence(tie) for tie in pairs.ties(report))
    if report.scope:
        yield Heading("Rows that belong to no label")
        yield Drawing(scope.rejection(report))
        yield from (Sentence(note) for note in scope.notes(report))
    confidence_table = confidence.confidence(report)
    if confidence_table.rows:
        yield Heading("Confidence, calibrated on validation rows")
        yield Drawing(confidence_table)
    untuned = []
    for candidate in ordered(report):
        if candidate.tuned is not None:
            yield Heading(f"Per label: {short(candidate.model)}")
            yield Drawing(_cut(labels.per_label(candidate)))
        elif candidate.base is not None:
            untuned.append(candidate)
    if untuned:
        what = "models" if any(item.existed for item in untuned) else "base models"
        yield Heading(f"Per label: {what}" + (" that were not fine-tuned" if not benchmark else ""))
        yield Drawing(_cut(labels.base_per_label(untuned, report.labels)))
    for model in field_tables.models(report):
        yield Heading(f"Per field: {model}")
        yield Drawing(_cut(field_tables.fields(report, model)))
    yield from (Sentence(note) for note in field_tables.notes(report))
    if report.hierarchy:
        yield Heading("By level of the labels")
        yield Drawing(hierarchy.levels(report))
        if report.hierarchy.changes:
            yield Drawing(hierarchy.changes(report))
    if report.slices:
        yield Heading("By slice")
        if report.slices.results:
            yield Drawing(_cut(_without(slices.slices(report), "Rest", "Against base")))
        yield from (Sentence(note) for note in slices.notes(report))
    yield Heading("Best model" if benchmark else "Winner and deployment")
    yield Drawing(deployment.deployment(report), heads=False)
    if has_trend(report):
        yield Heading("Reports of this dataset")
        yield Drawing(_without(trend_table(report), "Decision"))
    if not costs.is_free(report):
        yield Heading("Cost")
        yield Drawing(_without(costs.bill(report), "Calculated as", "Range"))
        for note in costs.cost_notes(report):
            yield Sentence(note)


def _cut(table: Table) -> Table:
    """The first rows of a long table, and how many are left out."""
    if len(table.rows) <= MAX_LABELS:
        return table
    more = f"… {len(table.rows) - MAX_LABELS} more in the report"
    filler = (more, *("" for _ in table.columns[1:]))
    return Table(table.columns, (*table.rows[:MAX_LABELS], filler), table.total)


def _without(table: Table, *names: str) -> Table:
    kept = [i for i, column in enumerate(table.columns) if column.name not in names]
    return Table(
        tuple(table.columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in table.rows),
        tuple(table.total[i] for i in kept) if table.total else None,
    )
