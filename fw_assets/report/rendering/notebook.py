"""Notebook views of report and plan: what the terminal shows, as HTML without script and style sheet.

A notebook shows it among its own pages, so everything from outside is escaped, and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.visible_text import visible
from fw_assets.report.formatting import Quoted
from fw_assets.report.rendering.outline import PYTHON_YES, Drawing, Heading, Part, plan_outline, report_outline
from fw_assets.report.schema.report import Report
from fw_assets.report.table import Table

_TONES = {
    "plain": "margin:.4em 0",
    "strong": "margin:.4em 0;font-size:1.15em;font-weight:600",
    "careful": "margin:.4em 0;padding:.2em .6em;border-left:3px solid #e0a33a",
}
_CELL = "text-align:{};vertical-align:top;padding:.15em 1em .15em 0;white-space:{}"
MAX_UNWRAPPED = 28
"""Characters of a cell that is never wrapped."""


def report_html(report: Report) -> str:
    return _page(report_outline(report))


def plan_html(plan: Plan) -> str:
    return _page(plan_outline(plan, PYTHON_YES))


def _page(parts: Iterable[Part]) -> str:
    drawn = Markup("").join(map(_part, parts))
    return f'<div style="max-width:75em;line-height:1.45;overflow-x:auto">{drawn}</div>'


def _part(part: Part) -> Markup:
    if isinstance(part, Drawing):
        return _table(part.table, part.heads)
    if isinstance(part, Heading):
        return Markup('<h4 style="margin:1.1em 0 .3em">{}</h4>').format(visible(part.text))
    return Markup('<p style="{}">{}</p>').format(_TONES[part.tone], visible(part.text))


def _table(table: Table, heads: bool) -> Markup:
    shown = table.used_columns()
    head = [_cell("th", table, i, table.columns[i].name) for i in shown] if heads else []
    rows = [[_cell("th" if i == shown[0] else "td", table, i, row[i]) for i in shown] for row in table.rows]
    total = [_cell("th", table, i, table.total[i]) for i in shown] if table.total else []
    return Markup('<table style="border-collapse:collapse;margin:.3em 0">{}</table>').format(
        Markup("").join(Markup("<tr>{}</tr>").format(Markup("").join(row)) for row in (head, *rows, total) if row)
    )


def _cell(tag: str, table: Table, column: int, text: str) -> Markup:
    align = "right" if table.columns[column].figures else "left"
    style = _CELL.format(align, "nowrap" if len(text) <= MAX_UNWRAPPED else "normal")
    content = Markup("<code>{}</code>").format(visible(text)) if isinstance(text, Quoted) else escape(visible(text))
    return Markup('<{0} style="{1}">{2}</{0}>').format(Markup(tag), style, content)  # noqa: S704
