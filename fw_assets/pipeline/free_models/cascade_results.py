"""Cascades as the report has them: their figures on the test rows, and which of them is recommended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.cascade.outcome import cascade_frame, cascade_outcome
from fw_assets.classification.metrics.latency import mixed
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy, compare_all
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.pipeline.free_models.cascades import Cascade, Other, best_cascade, cascades, paired_answers
from fw_assets.report.assembly.pairs import Model, pair_result
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.cascades import CascadePoint, CascadeResult
from fw_assets.report.schema.cost import CostPoint, mark_dominated
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

_CASCADE: Model = ("cascade", "cascade")


def cascade_results(
    store: Workspace, plan: Plan, in_use: Other, costs: Sequence[CostPoint]
) -> tuple[CascadeResult, ...]:
    """Every cascade on the test rows; at most one is recommended, that which the validation rows chose.

    Args:
        costs: of 1,000 answers of each free model and each other one.
    """
    found = cascades(store, plan)
    best = best_cascade(found, in_use, plan.session.margin)
    points: dict[tuple[str, str], CostPoint] = {(point.name, point.kind): point for point in costs}
    return tuple(_result(store, plan, item, in_use, points, chosen=item is best) for item in found)


def cascade_points(found: Sequence[CascadeResult], costs: Sequence[CostPoint]) -> tuple[CostPoint, ...]:
    """The costs of all models with those of the cascades that ask both of theirs, dominated ones marked anew."""
    points: dict[tuple[str, str], CostPoint] = {(point.name, point.kind): point for point in costs}
    more = [
        CostPoint(
            name=item.model,
            kind="cascade",
            first=item.free,
            then="tuned" if item.kind == "tuned" else "base",
            accuracy=item.accuracy,
            interval=item.interval,
            usd_per_1000=item.usd_per_1000,
            rows_per_hour=points[item.model, item.kind].rows_per_hour,
            latency=mixed(points[item.free, "baseline"].latency, points[item.model, item.kind].latency, item.asked),
        )
        for item in found
        if item.accuracy is not None and item.interval is not None and item.asked is not None and not item.free_alone
    ]
    return mark_dominated((*costs, *more))


def _result(
    store: Workspace,
    plan: Plan,
    cascade: Cascade,
    in_use: Other,
    points: Mapping[tuple[str, str], CostPoint],
    *,
    chosen: bool,
) -> CascadeResult:
    other, free = points[cascade.other], points[cascade.free, "baseline"]
    result = CascadeResult(
        free=cascade.free,
        model=cascade.other[0],
        kind=cascade.other[1],
        in_use=cascade.other == in_use,
        alpha=cascade.alpha,
        model_accuracy=other.accuracy,
        free_accuracy=free.accuracy,
        model_usd_per_1000=other.usd_per_1000,
    )
    if cascade.threshold is None:
        return result
    threshold = cascade.threshold.confidence
    outcome = cascade_outcome(paired_answers(store, plan, cascade.free, cascade.other, "test"), threshold)
    compared = _compared(store, plan, cascade, threshold)
    # The hours of a deployment are paid whoever answers.
    whole, each = other.usd_per_1000, other.rows_per_hour is None
    usd = None if whole is None else whole * outcome.asked.value if each else whole
    result = result.model_copy(
        update={
            "threshold": threshold,
            "validation_share": cascade.threshold.share,
            "asked": outcome.asked.value,
            "asked_interval": bounds(outcome.asked),
            "accuracy": outcome.accuracy.value,
            "interval": bounds(outcome.accuracy),
            "usd_per_1000": usd,
            "usd_interval": None
            if whole is None
            else tuple(whole * share if each else whole for share in bounds(outcome.asked)),
            "against_model": pair_result(cascade.other, _CASCADE, compared["model"]),
            "against_free": pair_result((cascade.free, "baseline"), _CASCADE, compared["free"]),
            "curve": tuple(CascadePoint(asked=step.asked, accuracy=step.accuracy) for step in outcome.curve),
        }
    )
    saves = whole is not None and usd is not None and usd < whole
    beats = compared["model"].verdict in ("better", "as good") and compared["free"].verdict == "better"
    return result.model_copy(update={"recommended": chosen and saves and beats})


def _compared(store: Workspace, plan: Plan, cascade: Cascade, threshold: float) -> dict[str, PairComparison]:
    """The cascade against the other model and against the free one on the test rows, adjusted together."""
    columns = (*COMPARED_COLUMNS, "confidence")
    free = prediction_batches(store, plan.dataset, cascade.free, "baseline", "test", columns).frame.collect()
    other = prediction_batches(store, plan.dataset, *cascade.other, "test").frame.collect()
    both = cascade_frame(free, other, threshold)
    margin = plan.session.margin
    return compare_all(
        {
            "model": compare_accuracy(other, both, margin=margin),
            "free": compare_accuracy(free.select(COMPARED_COLUMNS), both, margin=margin),
        }
    )
