"""A report's point of the trend over the reports of its dataset."""

from __future__ import annotations

from fw_assets.report.formatting import short
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.trend import TrendPoint


def trend_point(report: Report) -> TrendPoint | None:
    """The model that stays in use after the run, with its figure; None where the run has no verdict."""
    winner, digest = report.winner, report.digests.get("test rows")
    if report.status == "incomplete" or winner is None or digest is None:
        return None
    tuned = winner.kind == "tuned" and report.deployment.decision not in ("keep-base", "keep-none")
    name = winner.base_model if tuned else report.kept
    candidate = next((item for item in report.candidates if item.model == name), None)
    result = (candidate.tuned if tuned else candidate.base) if candidate else None
    if candidate is None or result is None:
        return None
    return TrendPoint(
        plan=report.plan_digest,
        at=report.run.finished_at or report.run.started_at or "",
        test_digest=digest,
        model=short(candidate.model),
        kind="tuned" if tuned else "base",
        accuracy=result.accuracy,
        interval=result.interval,
        rows=result.rows,
        decision=report.deployment.decision,
        exact_sets=report.data.multi_label,
    )
