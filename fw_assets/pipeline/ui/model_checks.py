"""Results of the checks on what was measured and trained: baselines, base models, finalists, tuned models."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.ui.check_result import check_result
from fw_assets.pipeline.ui.metadata import figure
from fw_assets.pipeline.ui.tuned_verdict import tuned_verdict
from fw_assets.pipeline.values.delivery import FinalistsRecord
from fw_assets.pipeline.values.evaluation import LearningCurve, TunedMetrics
from fw_assets.pipeline.values.tuning import FineTuned, Sweep
from fw_assets.report.formatting import percent, plural, points, rows_text, usd_roughly

MAX_LOSS_RATIO = 1.1
"""Evaluation loss after training on all rows, over that of the sweep's best cell."""


def score_checks(asset: str, title: str, scores: Sequence[Scores]) -> list[dg.AssetCheckResult]:
    """Completeness over all parts; accuracy of the last one against always giving the most frequent label."""
    rows, scored, test = sum(s.rows for s in scores), sum(s.scored for s in scores), scores[-1]
    accuracy, majority = test.headline.value, test.majority_accuracy
    return [
        check_result(
            *(asset, "complete", all(s.complete for s in scores), title),
            f"{scored:,} of {plural(rows, 'row')} answered",
            rows=rows,
            unanswered=rows - scored,
        ),
        check_result(
            *(asset, "above_majority", accuracy > majority, title),
            f"{percent(accuracy)} right; the most frequent label of these rows alone {percent(majority)}",
            accuracy=figure(accuracy),
            majority_accuracy=figure(majority),
        ),
    ]


def unevaluated_checks(asset: str, title: str, why: str) -> list[dg.AssetCheckResult]:
    """The checks of `score_checks` of a model that was not evaluated, none of which passes."""
    return [
        check_result(asset, name, False, title, f"not evaluated: it {why}") for name in ("complete", "above_majority")
    ]


def baseline_checks(dataset: str, best: BaselineScores) -> list[dg.AssetCheckResult]:
    return score_checks("baselines", f"{dataset}, {best.name}", (best.validation, best.test))


def finalists_checks(dataset: str, record: FinalistsRecord, plan: Plan, ceiling: float) -> list[dg.AssetCheckResult]:
    """The number of finalists, and the revised estimate against the approved ceiling in US dollars."""
    tunable = sum(1 for model in plan.models if model.cells)
    expected = 0 if plan.session.mode == "benchmark" else min(plan.session.finalists, tunable)
    high = record.revised.for_finalists(record.slugs).high if record.revised else plan.estimate.high
    names = ", ".join(record.slugs) or "none: benchmark only"
    return [
        check_result(
            *("finalists", "enough_finalists", len(record.slugs) >= expected, dataset),
            f"{len(record.slugs)} of {expected} ({names})" if expected else names,
        ),
        check_result(
            *("finalists", "within_approved", high <= ceiling + 1e-9, dataset),
            f"now at most {usd_roughly(high)}, of {usd_roughly(ceiling)} approved",
            revised_high_usd=high,
        ),
    ]


def sweep_check(title: str, sweep: Sweep) -> dg.AssetCheckResult:
    measured = sum(cell.eval_loss is not None for cell in sweep.cells)
    sentence = f"{measured} of {plural(len(sweep.cells), 'cell')} measured; best {sweep.best.cell.name}"
    return check_result("sweep", "every_cell_measured", measured == len(sweep.cells), title, sentence)


def training_check(title: str, trained: FineTuned, sweep: Sweep) -> dg.AssetCheckResult:
    before, after = sweep.best.eval_loss, trained.eval_loss
    if before is None or after is None:
        passed, sentence = True, "the platform published no evaluation loss to compare"
    else:
        passed = after <= MAX_LOSS_RATIO * before
        sentence = f"evaluation loss {after:.4f}; in the sweep {before:.4f}"
    return check_result("fine_tuned_models", "no_worse_than_sweep", passed, title, sentence)


def metrics_checks(title: str, metrics: TunedMetrics, finalists: int) -> list[dg.AssetCheckResult]:
    comparison = metrics.comparison
    where = rows_text(comparison.rows, comparison.groups)
    verdict = tuned_verdict(comparison, finalists)
    sentence = f"{verdict}: {points(comparison.difference.value)} points of accuracy on {where}"
    return [
        *score_checks("metrics", title, (metrics.validation, metrics.test)),
        check_result("metrics", "no_worse_than_base", comparison.verdict != "worse", title, sentence),
    ]


def curve_check(title: str, curve: LearningCurve) -> dg.AssetCheckResult:
    missing = sum(point.test.rows - point.test.scored for point in curve.points)
    sentence = f"{plural(len(curve.points), 'size')}, {plural(missing, 'row')} unanswered"
    return check_result("learning_curve", "complete", not missing, title, sentence)
