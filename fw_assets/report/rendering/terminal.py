"""The tables that the command line prints. Text from outside is never read as markup or as terminal control."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Drawn
from rich.text import Text

from fw_assets.classification.plan.planner import Plan
from fw_assets.report.escape import visible
from fw_assets.report.formatting import short
from fw_assets.report.plan import labels, tables
from fw_assets.report.schema.report import Report
from fw_assets.report.sections import answer as sentences
from fw_assets.report.sections import confidence as supplementary
from fw_assets.report.sections import origin as run_facts
from fw_assets.report.sections import results
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.sections.model_comparison import Sides
from fw_assets.report.table import Table

MAX_LABELS = 20
_VERDICTS = {"better": "green", "worse": "red", "no evidence of a difference": "yellow"}


def report_view(report: Report) -> RenderableType:
    """The answer, base against fine-tuned, the labels, the delivery and the cost."""
    return Group(*_report_parts(report))


def plan_view(plan: Plan) -> RenderableType:
    """What a person needs to say yes or no."""
    parts: list[RenderableType] = [
        _heading(f"Plan for {plan.dataset}"),
        draw(tables.screen(plan), heads=False),
        *(Text(f"Careful: {visible(warning)}", style="yellow") for warning in plan.warnings),
        _heading("Labels"),
        Text(visible(labels.extraction(plan))),
        Text(""),
        draw(_cut(labels.label_counts(plan))),
    ]
    if plan.label_set.imbalance.mitigations:
        parts += [_heading("Imbalance"), draw(tables.mitigations(plan))]
    parts += [
        _heading("Models"),
        draw(tables.models(plan)),
        _heading("Cost"),
        draw(tables.stages(plan)),
    ]
    return Group(*parts)


def comparison_view(told: Sides) -> RenderableType:
    """Two models side by side."""
    parts: list[RenderableType] = [Text(visible(told.answer), style="bold"), Text("")]
    parts += [draw(told.figures()), _heading("Labels that changed most"), draw(_cut(told.labels()))]
    return Group(*parts)


def show(view: RenderableType, console: Console | None = None) -> None:
    """Prints a view, with a line of space around it."""
    (console or Console()).print(Padding(view, (1, 0)))


SHORT = len("fine-tuned")


def draw(table: Table, *, heads: bool = True) -> Drawn:
    """A table for the terminal."""
    drawn = Drawn(show_header=heads, box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=False)
    shown = table.shown()
    for i in shown:
        column = table.columns[i]
        drawn.add_column(
            Text(visible(column.name)),
            justify="right" if column.figures else "left",
            # A wrapped figure or short word cannot be read; a wrapped text can.
            no_wrap=column.figures or i == 0 or all(len(str(row[i])) <= SHORT for row in table.rows),
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(_cell(row[i]) for i in shown))
    if table.total:
        drawn.add_row(*(Text(visible(table.total[i] if table.total else ""), style="bold") for i in shown))
    return drawn


def _report_parts(report: Report) -> Iterator[RenderableType]:
    yield Text(visible(report.answer), style="bold")
    yield Text("")
    yield draw(run_facts.screen(report), heads=False)
    for caution in caveats(report):
        yield Text(f"Careful: {visible(caution)}", style="yellow")
    benchmark = report.status == "benchmark"
    yield _heading("Base models" if benchmark else "Base against fine-tuned")
    yield draw(results.benchmark(report) if benchmark else _without(results.comparison(report), "Gained / lost", ""))
    confidence = supplementary.confidence(report)
    if confidence.rows:
        yield _heading("Confidence, calibrated on validation rows")
        yield draw(confidence)
    plain = []
    for candidate in results.ordered(report):
        if candidate.tuned is not None:
            yield _heading(f"Per label: {short(candidate.model)}")
            yield draw(_cut(results.per_label(candidate)))
        elif candidate.base is not None:
            plain.append(candidate)
    if plain:
        yield _heading("Per label: base models" + (" that were not fine-tuned" if not benchmark else ""))
        yield draw(_cut(results.base_per_label(plain, report.labels)))
    yield _heading("Best model" if benchmark else "Winner and deployment")
    yield draw(run_facts.delivery(report), heads=False)
    yield _heading("Cost")
    yield draw(_without(run_facts.cost(report), "Reckoned as", "Range"))
    for note in sentences.cost_notes(report):
        yield Text(visible(note))


def _cut(table: Table) -> Table:
    """A long table's first rows, and how many there are besides."""
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
