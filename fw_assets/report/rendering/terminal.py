"""Terminal views of report, plan and comparison. Text from outside is never markup or a terminal control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.visible_text import visible
from fw_assets.report.advice.headline import headline
from fw_assets.report.fields import tables as field_tables
from fw_assets.report.formatting import short
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.imbalance.macro import label_averages
from fw_assets.report.plan import costs as plan_costs
from fw_assets.report.plan import fields as plan_fields
from fw_assets.report.plan import labels as plan_labels
from fw_assets.report.plan import summary, tables
from fw_assets.report.schema.report import Report
from fw_assets.report.sections import answer, confidence, costs, deployment, labels, pairs, results, slices
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.sections.looks import reads_sentence
from fw_assets.report.sections.model_comparison import ModelComparison
from fw_assets.report.table import Table
from fw_assets.report.trend.table import has_trend, trend_table

MAX_LABELS = 20
_VERDICTS = {"better": "green", "worse": "red", "cannot be told": "yellow"}


def report_view(report: Report) -> RenderableType:
    """The answer, base against fine-tuned, the labels, the deployment and the cost."""
    return Group(*_report_parts(report))


def plan_view(plan: Plan) -> RenderableType:
    """Everything that a person needs to approve a plan, or to reject it."""
    parts: list[RenderableType] = [
        _heading(f"Plan for {plan.dataset}"),
        draw(summary.first_screen(plan), heads=False),
        *(Text(f"Careful: {visible(warning)}", style="yellow") for warning in plan.warnings),
        _heading("Labels"),
        Text(visible(plan_labels.extraction(plan))),
        Text(""),
        draw(_cut(plan_labels.label_counts(plan))),
    ]
    if plan.inspected.fields:
        parts += [_heading("Fields of the answers"), draw(_cut(plan_fields.fields(plan)))]
    if plan.label_set.imbalance.mitigations:
        parts += [_heading("Imbalance"), draw(plan_costs.mitigations(plan))]
    parts += [
        _heading("Models"),
        draw(tables.models(plan)),
        _heading("Cost"),
        draw(plan_costs.stages(plan)),
        *([Text(plan_costs.traffic(plan))] if plan_costs.traffic(plan) else []),
    ]
    return Group(*parts)


def comparison_view(comparison: ModelComparison) -> RenderableType:
    """Two models side by side."""
    parts: list[RenderableType] = [Text(visible(comparison.answer), style="bold"), Text("")]
    parts += [draw(comparison.figures()), _heading("Labels that changed most"), draw(_cut(comparison.labels()))]
    return Group(*parts)


def show(view: RenderableType, console: Console | None = None) -> None:
    """Print a view with a blank line before and after it."""
    (console or Console()).print(Padding(view, (1, 0)))


_GAP = 2
MAX_UNWRAPPED = len("fine-tuned")
"""Characters of a cell that is never wrapped."""


class _Drawing:
    """A table as wide as the terminal has room for."""

    def __init__(self, table: Table, heads: bool) -> None:
        self._table, self._heads = table, heads

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table
        shown = table.used_columns()
        names = {i: visible(table.columns[i].name) if self._heads else "" for i in shown}
        lines = [*table.rows, *([table.total] if table.total else [])]
        cells = {i: [names[i], *(visible(row[i]) for row in lines)] for i in shown}
        # Wrapped figures and words cannot be read; wrapped sentences can.
        whole = {
            i
            for i in shown
            if table.columns[i].figures or i == shown[0] or max(map(len, cells[i][1:]), default=0) <= MAX_UNWRAPPED
        }
        parts = (cells[i] if i in whole else [word for cell in cells[i] for word in cell.split()] for i in shown)
        room = sum(max(map(cell_len, part), default=0) + _GAP for part in parts)
        # What does not fit without wrapping would be cut, and a figure that is cut is another figure.
        if room - _GAP > options.max_width:
            whole = set()
        drawing = RichTable(
            show_header=self._heads, box=None, padding=(0, _GAP, 0, 0), header_style="bold", show_footer=False
        )
        for i in shown:
            justify: Literal["right", "left"] = "right" if table.columns[i].figures else "left"
            drawing.add_column(Text(names[i]), justify=justify, no_wrap=i in whole, overflow="fold")
        for row in table.rows:
            drawing.add_row(*(_cell(row[i]) for i in shown))
        if table.total:
            drawing.add_row(*(Text(cells[i][-1], style="bold") for i in shown))
        yield drawing


def draw(table: Table, *, heads: bool = True) -> RenderableType:
    """A table for the terminal."""
    return _Drawing(table, heads)


def _report_parts(report: Report) -> Iterator[RenderableType]:
    yield Text(visible(headline(report)), style="bold")
    yield Text("")
    yield Text(visible(report.answer))
    yield Text("")
    yield draw(answer.first_screen(report), heads=False)
    for caveat in caveats(report):
        yield Text(f"Careful: {visible(caveat)}", style="yellow")
    yield Text(visible(reads_sentence(report)))
    benchmark = report.status == "benchmark"
    yield _heading("Base models" if benchmark else "Base against fine-tuned")
    yield draw(results.benchmark(report) if benchmark else _without(results.comparison(report), "Gained / lost", ""))
    averages = label_averages(judged_models(report, ordered(report)))
    if averages.rows:
        yield _heading("Every label counted alike")
        yield draw(averages)
    if len(report.pairs) > 1:
        yield _heading("Candidates against each other")
        yield draw(_cut(_without(pairs.pairs(report), "Only it / only the other right")))
        yield from (Text(visible(tie)) for tie in pairs.ties(report))
    confidence_table = confidence.confidence(report)
    if confidence_table.rows:
        yield _heading("Confidence, calibrated on validation rows")
        yield draw(confidence_table)
    untuned = []
    for candidate in ordered(report):
        if candidate.tuned is not None:
            yield _heading(f"Per label: {short(candidate.model)}")
            yield draw(_cut(labels.per_label(candidate)))
        elif candidate.base is not None:
            untuned.append(candidate)
    if untuned:
        what = "models" if any(item.adapter_of for item in untuned) else "base models"
        yield _heading(f"Per label: {what}" + (" that were not fine-tuned" if not benchmark else ""))
        yield draw(_cut(labels.base_per_label(untuned, report.labels)))
    for model in field_tables.models(report):
        yield _heading(f"Per field: {model}")
        yield draw(_cut(field_tables.fields(report, model)))
    yield from (Text(visible(note)) for note in field_tables.notes(report))
    if report.slices:
        yield _heading("By slice")
        if report.slices.results:
            yield draw(_cut(_without(slices.slices(report), "Rest", "Against base")))
        yield from (Text(visible(note)) for note in slices.notes(report))
    yield _heading("Best model" if benchmark else "Winner and deployment")
    yield draw(deployment.deployment(report), heads=False)
    if has_trend(report):
        yield _heading("Reports of this dataset")
        yield draw(_without(trend_table(report), "Decision"))
    if not costs.is_free(report):
        yield _heading("Cost")
        yield draw(_without(costs.bill(report), "Calculated as", "Range"))
        for note in costs.cost_notes(report):
            yield Text(visible(note))


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


def _heading(text: str) -> Text:
    return Text(f"\n{visible(text)}", style="bold cyan")


def _cell(text: str) -> Text:
    return Text(visible(text), style=_VERDICTS.get(text, ""))
