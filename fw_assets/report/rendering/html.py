"""final_report.html: the report as one file that needs nothing else and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from types import ModuleType
from typing import Any

import jinja2
from markupsafe import Markup

from fw_assets.report import formatting as figures
from fw_assets.report import glossary
from fw_assets.report.escape import visible
from fw_assets.report.formatting import Quoted
from fw_assets.report.plots import charts, heatmap
from fw_assets.report.plots import confidence as evidence_plots
from fw_assets.report.schema.report import Report
from fw_assets.report.sections import answer as sentences
from fw_assets.report.sections import confidence as supplementary
from fw_assets.report.sections import origin as run_facts
from fw_assets.report.sections import results
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.table import Table

PRINTED_FLIPS = 40


def render_html(report: Report) -> str:
    """The whole of final_report.html.

    Everything from outside is escaped. Besides, the page's policy allows its own script only, by its digest, and no
    request to anywhere.
    """
    script, style = _asset("report.js"), _asset("report.css")
    return (
        environment()
        .get_template("final_report.html.jinja")
        .render(
            report=report,
            candidates=results.ordered(report),
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=content_policy(script),
            printed_flips=PRINTED_FLIPS,
            cautions=caveats,
            facts=run_facts,
            figures=figures,
            glossary=glossary,
            heatmap=heatmap,
            beside=supplementary,
            charts=_Charts(evidence_plots),
            plots=_Charts(charts),
            results=results,
            words=sentences,
        )
    )


def environment() -> jinja2.Environment:
    """Templates with HTML escaping on; text from outside also loses what could disguise it."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("fw_assets.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        finalize=lambda value: visible(value) if isinstance(value, Quoted) else value,
    )
    made.filters.update(table=draw, json=embedded_json, quoted=Quoted)
    return made


def draw(table: Table, name: str) -> Markup:
    """A table element; figures are aligned, text from outside is in a code face."""
    return environment().get_template("table.html.jinja").module.draw(table, name)  # type: ignore[attr-defined,no-any-return]


def embedded_json(value: Any) -> Markup:
    """`value` as JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def content_policy(script: str) -> str:
    """The Content-Security-Policy of the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    nothing = "default-src 'none'; base-uri 'none'; form-action 'none'"
    return f"{nothing}; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


class _Charts:
    """The charts of a module, marked as HTML: they escape their own text."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        chart = getattr(self._module, name)
        return lambda *args: Markup(chart(*args))  # noqa: S704


def _asset(name: str) -> str:
    return importlib.resources.files("fw_assets.report").joinpath("templates", name).read_text("utf-8")
