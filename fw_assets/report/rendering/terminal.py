"""Terminal views of report, plan and comparison. Text from outside is never markup or a terminal control."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.visible_text import visible
from fw_assets.report.rendering.outline import (
    Drawing,
    Heading,
    Part,
    Sentence,
    comparison_outline,
    plan_outline,
    report_outline,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.model_comparison import ModelComparison
from fw_assets.report.table import Table

_VERDICTS = {"better": "green", "worse": "red", "cannot be told": "yellow"}
_TONES = {"plain": "", "strong": "bold", "careful": "yellow"}


def report_view(report: Report) -> RenderableType:
    return _view(report_outline(report))


def plan_view(plan: Plan, yes: str = "") -> RenderableType:
    return _view(plan_outline(plan, yes))


def comparison_view(comparison: ModelComparison) -> RenderableType:
    return _view(comparison_outline(comparison))


def _view(parts: Iterable[Part]) -> RenderableType:
    return Group(*_lines(parts))


def _lines(parts: Iterable[Part]) -> Iterator[RenderableType]:
    before: Part | None = None
    for part in parts:
        strong = isinstance(before, Sentence) and before.tone == "strong"
        if strong or (isinstance(before, Sentence) and isinstance(part, Drawing)):
            yield Text("")
        if isinstance(part, Heading):
            yield Text(f"\n{visible(part.text)}", style="bold cyan")
        elif isinstance(part, Drawing):
            yield draw(part.table, heads=part.heads)
        else:
            yield Text(visible(part.text), style=_TONES[part.tone])
        before = part


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


def _cell(text: str) -> Text:
    return Text(visible(text), style=_VERDICTS.get(text, ""))
