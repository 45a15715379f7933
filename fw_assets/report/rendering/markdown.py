"""final_report.md and plan.md: for people who read them in an editor, a terminal or a repository."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jinja2

from fw_assets.classification.plan.plan import Plan
from fw_assets.report.escape import Md, block, code, prose
from fw_assets.report.formatting import Quoted, typeset
from fw_assets.report.plan import costs, fields, labels, slices, summary, tables
from fw_assets.report.rendering import templates
from fw_assets.report.schema.report import Report
from fw_assets.report.table import Table

MAX_FLIPS = 10


def render_markdown(report: Report) -> str:
    """The whole of final_report.md."""
    source = environment().get_template("final_report.md.jinja")
    return tidy(source.render(report=report, max_flips=MAX_FLIPS, **templates.CONTEXT))


def render_plan(plan: Plan, changed: Sequence[str] = (), yes: str = "") -> str:
    """The whole of plan.md.

    Args:
        changed: a heading, then each difference to the plan before; empty where there is none.
        yes: how to approve; left out, that is not said.
    """
    source = environment().get_template("plan.md.jinja")
    sections = {
        "costs": costs,
        "fields": fields,
        "labels": labels,
        "slices": slices,
        "summary": summary,
        "tables": tables,
    }
    return tidy(source.render(plan=plan, changed=changed, yes=yes, typeset=typeset, **sections))


@functools.cache
def environment() -> jinja2.Environment:
    """Templates in which every expression is escaped as running words unless it is `Md` already."""
    return templates.environment(
        _escaped, autoescape=False, filters={"code": _inline_code, "table": draw, "block": block}
    )


def draw(table: Table) -> Md:
    """A pipe table without the columns that are empty in every row."""
    shown = table.used_columns()
    lines = ["| " + " | ".join(_cell(table.columns[i].name) for i in shown) + " |"]
    lines.append("|" + "|".join("--:" if table.columns[i].figures else ":--" for i in shown) + "|")
    lines += ["| " + " | ".join(_cell(row[i]) for i in shown) + " |" for row in table.rows]
    if table.total:
        totals = (f"**{_cell(table.total[i])}**" if table.total[i] else "" for i in shown)
        lines.append("| " + " | ".join(totals) + " |")
    return Md("\n".join(lines))


def tidy(text: str) -> str:
    """`text` with runs of blank lines outside fences made one, and one line end at its end."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        stripped = line.lstrip()
        if not fence and stripped.startswith("```"):
            fence = stripped[: len(stripped) - len(stripped.lstrip("`"))]
        elif fence and stripped == fence:
            fence = ""
        if not fence:
            line = line.rstrip()
            if not line and (not lines or not lines[-1]):
                continue
        lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def _cell(text: str) -> str:
    if isinstance(text, Md):
        return text
    if isinstance(text, Quoted):
        return code(text, table=True)
    return prose(text)


def _inline_code(text: str) -> Md:
    return code(text, table=False)


def _escaped(value: Any) -> Any:
    if isinstance(value, Md) or not isinstance(value, str):
        return value
    return _inline_code(value) if isinstance(value, Quoted) else prose(value)
