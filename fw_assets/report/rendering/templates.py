"""Jinja templates of the report, and the sections that they may use by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2

from fw_assets.report import formatting
from fw_assets.report.advice.headline import headline
from fw_assets.report.arms import ways
from fw_assets.report.cascades import table as cascades
from fw_assets.report.confusion import tables as confusion
from fw_assets.report.confusion.cells import cell_rows
from fw_assets.report.distributions import table as distributions
from fw_assets.report.distributions import thresholds
from fw_assets.report.fields import tables
from fw_assets.report.free_models import against as free_models
from fw_assets.report.hierarchy import tables as hierarchy
from fw_assets.report.imbalance.judged_models import judged_models
from fw_assets.report.imbalance.macro import label_averages
from fw_assets.report.scope import tables as scope
from fw_assets.report.sections import (
    answer,
    confidence,
    costs,
    deployment,
    labels,
    looks,
    metrics,
    origin,
    pairs,
    results,
    similarity,
    slices,
    tuning,
    verdicts,
)
from fw_assets.report.sections.candidates import ordered, subject
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.trend import table as trend

CONTEXT: dict[str, Any] = {
    "ways": ways,
    "answer": answer,
    "cascades": cascades,
    "caveats": caveats,
    "cell_rows": cell_rows,
    "confidence": confidence,
    "confusion": confusion,
    "costs": costs,
    "deployment": deployment,
    "distributions": distributions,
    "fields": tables,
    "formatting": formatting,
    "free_models": free_models,
    "headline": headline,
    "hierarchy": hierarchy,
    "judged_models": judged_models,
    "label_averages": label_averages,
    "labels": labels,
    "looks": looks,
    "metrics": metrics,
    "ordered": ordered,
    "origin": origin,
    "pairs": pairs,
    "results": results,
    "scope": scope,
    "similarity": similarity,
    "slices": slices,
    "subject": subject,
    "thresholds": thresholds,
    "trend": trend,
    "tuning": tuning,
    "verdicts": verdicts,
}


def environment(
    finalize: Callable[[Any], Any], *, autoescape: bool, filters: dict[str, Callable[..., Any]]
) -> jinja2.Environment:
    """Templates of this package; `finalize` is applied to the value of every expression."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("fw_assets.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=autoescape,  # noqa: S701 - Markdown escapes in `finalize`
        finalize=finalize,
    )
    templates.filters.update(filters)
    return templates
