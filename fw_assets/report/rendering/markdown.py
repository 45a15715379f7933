"""final_report.md: the report for people who read it in an editor, a terminal or a repository."""

from __future__ import annotations

from typing import Any

import jinja2

from fw_assets.report import escape, glossary
from fw_assets.report import formatting as figures
from fw_assets.report.escape import Md, block, code, prose
from fw_assets.report.formatting import Quoted
from fw_assets.report.schema.report import Report
from fw_assets.report.sections import answer as sentences
from fw_assets.report.sections import confidence as supplementary
from fw_assets.report.sections import origin as run_facts
from fw_assets.report.sections import results
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.table import Table

MAX_FLIPS = 10
MODULES = {
    "beside": supplementary,
    "cautions": caveats,
    "facts": run_facts,
    "figures": figures,
    "glossary": glossary,
    "results": results,
    "words": sentences,
}


def render_markdown(report: Report) -> str:
    """The whole of final_report.md."""
    source = environment().get_template("final_report.md.jinja")
    return tidy(source.render(report=report, most=MAX_FLIPS, **MODULES))


def environment() -> jinja2.Environment:
    """Templates in which every expression is escaped as running words unless it is `Md` already."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("fw_assets.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # HTML escaping would be wrong here; `finalize` escapes for Markdown instead.
        autoescape=False,  # noqa: S701
        finalize=_finalize,
    )
    made.filters.update(code=_code, table=draw, block=block)
    return made


def draw(table: Table) -> Md:
    """A pipe table. No column is empty in all rows: those are left out."""
    kept = table.shown()
    lines = ["| " + " | ".join(_cell(table.columns[i].name) for i in kept) + " |"]
    lines.append("|" + "|".join("--:" if table.columns[i].figures else ":--" for i in kept) + "|")
    lines += ["| " + " | ".join(_cell(row[i]) for i in kept) + " |" for row in table.rows]
    if table.total:
        strong = (f"**{_cell(table.total[i])}**" if table.total[i] else "" for i in kept)
        lines.append("| " + " | ".join(strong) + " |")
    return Md("\n".join(lines))


def tidy(text: str) -> str:
    """`text` with single blank lines, none inside a fence touched, and one line end at its end."""
    out: list[str] = []
    fence = ""
    for line in text.split("\n"):
        stripped = line.lstrip()
        if not fence and stripped.startswith("```"):
            fence = stripped[: len(stripped) - len(stripped.lstrip("`"))]
        elif fence and stripped == fence:
            fence = ""
        if not fence:
            line = line.rstrip()
            if not line and (not out or not out[-1]):
                continue
        out.append(line)
    return "\n".join(out).strip("\n") + "\n"


def _cell(text: str) -> str:
    if isinstance(text, Md):
        return text
    if isinstance(text, Quoted):
        return code(text, table=True)
    return prose(text)


def _code(text: str) -> Md:
    return code(text, table=False)


def _finalize(value: Any) -> Any:
    if isinstance(value, Md):
        return value
    if isinstance(value, Quoted):
        return escape.code(value, table=False)
    return prose(value) if isinstance(value, str) else value
