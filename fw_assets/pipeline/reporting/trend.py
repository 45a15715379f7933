"""Log of a dataset's reports, one line each, which outlives the reports: a report replaces the one before it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pydantic import ValidationError

from fw_assets.classification.values import canonical_json
from fw_assets.pipeline.reporting.looks import dataset_plans
from fw_assets.report.assembly.trend import trend_point
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.trend import Trend, TrendPoint
from fw_assets.workspace.workspace import Workspace

LOG = "reports.jsonl"
MAX_POINTS = 50

log = logging.getLogger("fw_assets.workspace")


def record_trend(store: Workspace, report: Report) -> Trend | None:
    """Add the report's point and return the trend that ends with it; None where the report has no figure.

    The log begins with the report of an earlier version that is still there. One that cannot be read, and plans whose
    report was replaced before there was a log, are counted.
    """
    point = trend_point(report)
    if point is None:
        return None
    ledger = store.log(report.dataset, LOG)
    stored = _stored_point(store, report.dataset)
    if stored is not None and stored.plan != point.plan:
        ledger.append_if(lambda lines: None if stored.plan in _by_plan(lines) else canonical_json(stored))
    ledger.append_if(lambda lines: None if _by_plan(lines).get(point.plan) == point else canonical_json(point))
    points = _by_plan(ledger.lines())
    points.pop(point.plan, None)
    earlier = sorted((item for item in points.values() if item.at <= point.at), key=lambda item: item.at)
    unknown = dataset_plans(store, report.dataset) - points.keys() - {point.plan}
    return Trend(points=(*earlier[1 - MAX_POINTS :], point), unknown=len(unknown))


def _by_plan(lines: Iterable[str]) -> dict[str, TrendPoint]:
    """The last point of each plan: a report that was made again is one."""
    points: dict[str, TrendPoint] = {}
    for line in lines:
        try:
            point = TrendPoint.model_validate_json(line)
        except ValidationError:
            log.warning("%s has a damaged line: its report is not part of the trend", LOG)
            continue
        points[point.plan] = point
    return points


def _stored_point(store: Workspace, dataset: str) -> TrendPoint | None:
    try:
        text = store.read_text(dataset, "report.json")
        return trend_point(Report.model_validate_json(text)) if text else None
    except (ValidationError, OSError):
        return None
