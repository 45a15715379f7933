"""final_report.html: the report as one file that needs nothing else and fetches nothing."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
import json
import re
from collections.abc import Callable
from typing import Any

import jinja2
from markupsafe import Markup, escape

from fw_assets.classification.visible_text import visible, without_invisible
from fw_assets.report.formatting import Quoted
from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.plots.cascades import cascade_curves
from fw_assets.report.plots.confidence import reliability, risk_coverage
from fw_assets.report.plots.cost_accuracy import cost_accuracy
from fw_assets.report.plots.heatmap import heat_map
from fw_assets.report.plots.learning_curve import learning_curve
from fw_assets.report.plots.sweep_curves import sweep_curves
from fw_assets.report.plots.trend import trend_chart
from fw_assets.report.rendering import templates
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.table import Table

MAX_PRINTED_FLIPS = 40


def render_html(report: Report) -> str:
    """The whole of final_report.html.

    Everything from outside is escaped. As a second barrier, the page's policy allows its own script only, by its
    digest, and no request to anywhere.
    """
    script, style = _resource("report.js"), _resource("report.css")
    charts: tuple[Callable[..., str], ...] = (
        cascade_curves,
        learning_curve,
        reliability,
        risk_coverage,
    )
    return (
        environment()
        .get_template("final_report.html.jinja")
        .render(
            report=report,
            candidates=ordered(report),
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=content_policy(script),
            printed_flips=MAX_PRINTED_FLIPS,
            heat_map=heat_map,
            charts={chart.__name__: _as_html(chart) for chart in charts}
            | {
                chart.__name__: _in_both_widths(chart)
                for chart in (accuracy_bars, cost_accuracy, sweep_curves, trend_chart)
            },
            **templates.CONTEXT,
        )
    )


@functools.cache
def environment() -> jinja2.Environment:
    """Templates with HTML escaping on; text from outside also loses what could disguise it."""
    return templates.environment(
        _shown,
        autoescape=True,
        filters={"table": draw, "json": embedded_json, "quoted": Quoted, "breakable": breakable},
    )


def _shown(value: Any) -> Any:
    if isinstance(value, Quoted):
        return visible(value)
    return without_invisible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def breakable(text: Quoted) -> Markup:
    """The text, escaped, with leave to go on in the next line after an underscore, a stroke or a point."""
    return Markup(re.sub(r"(?<=[_/.])(?=\w)", "<wbr>", str(escape(_shown(text)))))  # noqa: S704


def draw(table: Table, name: str) -> Markup:
    """A table element; figures are aligned, text from outside is in a code face."""
    return environment().get_template("table.html.jinja").module.draw(table, name)  # type: ignore[attr-defined,no-any-return]


def embedded_json(value: Any) -> Markup:
    """`value` as JSON that cannot end the script element around it."""
    text = json.dumps(json.loads(without_invisible(json.dumps(value, ensure_ascii=False))), separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def content_policy(script: str) -> str:
    """The Content-Security-Policy of the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    no_requests = "default-src 'none'; base-uri 'none'; form-action 'none'"
    return f"{no_requests}; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _as_html(chart: Callable[..., str]) -> Callable[..., Markup]:
    """The chart marked as HTML: charts escape their own text."""
    return lambda *args: Markup(chart(*args))  # noqa: S704


def _in_both_widths(chart: Callable[..., str]) -> Callable[..., Markup]:
    """The chart as it is and for a phone, of which the page shows one; empty where the chart is."""

    def draw_both(*args: Any) -> Markup:
        wide = chart(*args)
        both = f'<div class="wide">{wide}</div><div class="narrow">{chart(*args, narrow=True)}</div>' if wide else ""
        return Markup(both)  # noqa: S704

    return draw_both


def _resource(name: str) -> str:
    return importlib.resources.files("fw_assets.report").joinpath("templates", name).read_text("utf-8")
