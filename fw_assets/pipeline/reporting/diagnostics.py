"""Parts of the report beyond its scores: diagnostics of a model, learning curves, baselines, and cost by accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.ledger import LedgerEntry
from fw_assets.classification.cost.prices import per_1000_answers
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.pair_comparison import compare_accuracy
from fw_assets.classification.selection.selection import ModelKind
from fw_assets.pipeline.values.evaluation import (
    NO_USAGE,
    Baselines,
    BaseMetrics,
    CurvePoint,
    LearningCurve,
    OrderControl,
    TunedMetrics,
    UnconstrainedSample,
    Usage,
    prediction_kind,
)
from fw_assets.report.assembly.baselines import baseline_results, best_baseline
from fw_assets.report.assembly.candidates import Diagnostics
from fw_assets.report.assembly.confidence import confidence_result, null_control, unconstrained_result
from fw_assets.report.assembly.model_results import learning_point
from fw_assets.report.assembly.pairs import Model, pair_result
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import BaselineResult, PairResult
from fw_assets.report.schema.confidence import OrderResult
from fw_assets.report.schema.confused_cells import ConfusedCell
from fw_assets.report.schema.cost import CostPoint, mark_dominated
from fw_assets.report.schema.tuning import LearningPoint
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def diagnostics(
    trust: ModelConfidence | None,
    free: UnconstrainedSample | None,
    control: Comparison | None = None,
    cells: tuple[ConfusedCell, ...] = (),
    order: OrderControl | None = None,
) -> Diagnostics:
    return Diagnostics(
        confidence=confidence_result(trust) if trust else None,
        free=unconstrained_result(free.rows, free.free, free.constrained, free.why) if free else None,
        null_control=null_control(control) if control else None,
        cells=cells,
        order=OrderResult(rows=order.rows, flipped=order.flipped) if order else None,
    )


def learning_points(store: Workspace, plan: Plan, slug: str) -> tuple[LearningPoint, ...]:
    """The finalist's learning curve, each point against the one before; empty where none was asked for."""
    curve = store.read("learning_curve", plan.dataset, LearningCurve, slug)
    if curve is None:
        return ()
    gains = [None, *(_gain(store, plan, slug, before, point) for before, point in pairwise(curve.points))]
    return tuple(learning_point(p.share, p.rows, p.test, gain) for p, gain in zip(curve.points, gains, strict=True))


def _gain(store: Workspace, plan: Plan, slug: str, before: CurvePoint, point: CurvePoint) -> PairResult:
    first, second = (
        prediction_batches(store, plan.dataset, slug, prediction_kind(item.share), "test") for item in (before, point)
    )
    model: Model = (slug, "tuned")
    return pair_result(model, model, compare_accuracy(first, second, margin=plan.session.margin))


def baseline_comparison(
    store: Workspace, dataset: str, model: Model, plan: Plan, validation: float | None = None
) -> tuple[BaselineResult, ...]:
    """The baselines, and a model (the one that is kept) against the best of them on the test rows.

    Args:
        validation: the model's accuracy on the validation rows.
    """
    baselines = store.read("baselines", dataset, Baselines)
    best = best_baseline(baselines.found) if baselines else None
    if baselines is None or best is None:
        return ()
    comparison = compare(
        prediction_batches(store, dataset, best.name, "baseline", "test"),
        prediction_batches(store, dataset, *model, "test"),
        labels=plan.label_set.labels,
        seed=plan.session.seed,
        margin=plan.session.margin,
        test_f1=True,
    )
    return baseline_results(baselines.found, *model, comparison, validation)


def cost_points(
    base: dict[str, BaseMetrics],
    tuned: dict[str, TunedMetrics],
    baselines: Sequence[BaselineScores],
    entries: Sequence[LedgerEntry],
    estimate: Estimate,
    traffic: int,
) -> tuple[CostPoint, ...]:
    """US dollars for 1,000 answers of each model, and its accuracy.

    What a deployment costs is mostly the time that it waits, and the few requests of an evaluation would say nothing of
    it: its hours at the session's `traffic` count instead.

    Args:
        traffic: rows an hour, spread over it, so that no deployment scales to zero.
    """
    hourly = {line.key: part.price.per_unit for line in estimate.lines for part in line.parts if part.unit == "hours"}

    def point(
        slug: str, kind: ModelKind, test: Scores, usage: Usage, latency: Latency | None, tried: Usage = NO_USAGE
    ) -> CostPoint:
        key = f"{'base' if kind == 'base' else 'tuned'}-evaluation/{slug}"
        served = key in hourly
        paid = _per_1000(key, usage, tried, entries)
        return CostPoint(
            name=slug,
            kind=kind,
            accuracy=test.headline.value,
            interval=bounds(test.headline),
            usd_per_1000=per_1000_answers(hourly[key], traffic) if served else paid,
            rows_per_hour=traffic if served else None,
            latency=latency,
        )

    points = [point(slug, "base", m.test, m.usage, m.latency, m.tried) for slug, m in base.items()]
    points += [point(slug, "tuned", m.test, m.usage, m.latency) for slug, m in tuned.items()]
    points += [
        CostPoint(
            name=item.name,
            kind="baseline",
            accuracy=item.test.headline.value,
            interval=bounds(item.test.headline),
            usd_per_1000=0.0,
            latency=item.latency,
        )
        for item in baselines
    ]
    return mark_dominated(tuple(points))


def _per_1000(key: str, usage: Usage, tried: Usage, entries: Sequence[LedgerEntry]) -> float | None:
    """What was paid for 1,000 requests; those that only tried other numbers of examples have their share by tokens."""
    paid = [entry.usd for entry in entries if entry.key == key]
    prices = [usd for usd in paid if usd is not None]
    requests = usage.requests - tried.requests
    if not paid or len(prices) < len(paid) or not requests:
        return None
    share = 1 - tried.prompt_tokens / usage.prompt_tokens if usage.prompt_tokens else 1.0
    return 1000 * share * sum(prices) / requests
