"""Asset checks of the phases after the labels: what a person should see at a glance. They inform and never gate.

A check shows its newest result over all partitions, so every result says which dataset and model it is about.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from fw_assets.classification.metrics.baselines import BaselineScores
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.values import Approval, FinalistsRecord, FineTuned, LearningCurve, Sweep, TunedMetrics
from fw_assets.report.formatting import percent, plural, points, usd_roughly

COMPLETE = "Every validation and test row was answered; no verdict is drawn while one is missing."
ABOVE_MAJORITY = "More test rows are right than if every row were given the most frequent label."

CHECKS: dict[str, dict[str, str]] = {
    "plan": {
        "every_price_known": "No price is unknown, so the totals leave nothing out.",
        "within_budget": "The high figure is within max_spend_usd, where the session sets one.",
        "instruction_understood": "Every clause of the instruction in plain English was understood.",
    },
    "approval": {
        "approved": "The current plan was approved, so that the phases follow.",
        "labels_confirmed": "The labels were given, or a person said that the inferred ones are right.",
    },
    "baselines": {
        "complete": "Every validation and test row was answered.",
        "above_majority": "Words and logistic regression beat the most frequent label: the text says something.",
    },
    "base_metrics": {"complete": COMPLETE, "above_majority": ABOVE_MAJORITY},
    "finalists": {
        "enough_finalists": "As many models go on to fine-tuning as the session asks for.",
        "within_approved": "The estimate, revised by what the base models used, is within what was approved.",
    },
    "sweep": {"every_cell_measured": "The platform published an evaluation loss for every cell of the grid."},
    "fine_tuned_models": {
        "no_worse_than_sweep": "On all rows the evaluation loss is at most 10 % above that of the sweep's best cell."
    },
    "metrics": {
        "complete": COMPLETE,
        "above_majority": ABOVE_MAJORITY,
        "no_worse_than_base": "The paired test shows no loss against the base model.",
    },
    "learning_curve": {"complete": "Every test row was answered at every size."},
    "report": {
        "written": "Markdown, HTML and JSON lie in the workspace.",
        "within_approved": "What was paid is within what was approved.",
        "finished": "The run was not stopped by the ceiling: there is a verdict.",
    },
}
"""Asset, then check, then what it says when it passes."""

SLACK = 1.1


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of one asset."""
    return [dg.AssetCheckSpec(name, asset=asset, description=text) for name, text in CHECKS[asset].items()]


def result(
    asset: str, name: str, passed: bool, about: str, said: str, **figures: float | int | str
) -> dg.AssetCheckResult:
    """One result; a check that does not pass warns."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{about}: {said}",
        metadata=figures,
    )


def plan_checks(plan: Plan) -> list[dg.AssetCheckResult]:
    """Prices, budget, and what was made of the instruction."""
    estimate, limit, about = plan.estimate, plan.session.max_spend_usd, plan.dataset
    high = f"at most {usd_roughly(estimate.high)}"
    return [
        result(
            *("plan", "every_price_known", not estimate.lower_bound, about),
            f"no price for {', '.join(estimate.unknown[:8])}" if estimate.lower_bound else "every price is known",
            unknown_lines=len(estimate.unknown),
        ),
        result(
            *("plan", "within_budget", limit is None or estimate.high <= limit, about),
            f"{high}; no limit was set" if limit is None else f"{high}, of {usd_roughly(limit)} allowed",
            high_usd=estimate.high,
        ),
        result(
            *("plan", "instruction_understood", not plan.unused, about),
            f"not understood: {'; '.join(plan.unused)}" if plan.unused else "nothing was left over",
            clauses_not_used=len(plan.unused),
        ),
    ]


def approval_checks(dataset: str, answer: Approval, given: bool) -> list[dg.AssetCheckResult]:
    """The answer, and whether someone looked at the labels."""
    noted = f" ({answer.note})" if answer.note else ""
    labels = plural(len(answer.labels), "label")
    how = "given by the session" if given else "confirmed" if answer.labels_confirmed else "inferred, not confirmed"
    return [
        result(
            *("approval", "approved", answer.decision == "approved", dataset),
            f"plan {answer.plan_digest} {answer.decision} by {answer.approved_by}{noted}",
        ),
        result("approval", "labels_confirmed", answer.labels_confirmed, dataset, f"{labels}, {how}"),
    ]


def score_checks(asset: str, about: str, scores: Sequence[Scores]) -> list[dg.AssetCheckResult]:
    """Completeness over all the parts; the last one's accuracy against always giving the most frequent label."""
    rows, scored, test = sum(s.rows for s in scores), sum(s.scored for s in scores), scores[-1]
    accuracy, majority = test.headline.value, test.majority_accuracy
    return [
        result(
            *(asset, "complete", all(s.complete for s in scores), about),
            f"{scored:,} of {plural(rows, 'row')} answered",
            rows=rows,
            unanswered=rows - scored,
        ),
        result(
            *(asset, "above_majority", accuracy > majority, about),
            f"{percent(accuracy)} right; the most frequent label alone {percent(majority)}",
            accuracy=accuracy,
            majority_accuracy=majority,
        ),
    ]


def baseline_checks(dataset: str, found: Sequence[BaselineScores]) -> list[dg.AssetCheckResult]:
    """The best baseline's scores."""
    best = max(found, key=lambda item: item.validation.headline.value)
    return score_checks("baselines", f"{dataset}, {best.name}", (best.validation, best.test))


def finalists_checks(dataset: str, record: FinalistsRecord, plan: Plan, ceiling: float) -> list[dg.AssetCheckResult]:
    """How many go on, and what the rest will cost by what was seen."""
    wanted = (
        0 if plan.session.mode == "benchmark" else min(plan.session.finalists, sum(1 for m in plan.models if m.cells))
    )
    high = record.revised.for_finalists(record.slugs).high if record.revised else plan.estimate.high
    chosen = ", ".join(record.slugs) or "none: benchmark only"
    return [
        result(
            *("finalists", "enough_finalists", len(record.slugs) >= wanted, dataset),
            f"{len(record.slugs)} of {wanted} ({chosen})" if wanted else chosen,
        ),
        result(
            *("finalists", "within_approved", high <= ceiling + 1e-9, dataset),
            f"now at most {usd_roughly(high)}, of {usd_roughly(ceiling)} approved",
            revised_high_usd=high,
        ),
    ]


def sweep_check(about: str, sweep: Sweep) -> dg.AssetCheckResult:
    """Whether the choice of the best cell rests on figures."""
    measured = sum(cell.eval_loss is not None for cell in sweep.cells)
    said = f"{measured} of {plural(len(sweep.cells), 'cell')} measured; best {sweep.best.cell.name}"
    return result("sweep", "every_cell_measured", measured == len(sweep.cells), about, said)


def training_check(about: str, trained: FineTuned, sweep: Sweep) -> dg.AssetCheckResult:
    """The full-data job against the sweep's best."""
    before, after = sweep.best.eval_loss, trained.eval_loss
    if before is None or after is None:
        passed, said = True, "the platform published no evaluation loss to compare"
    else:
        passed, said = after <= SLACK * before, f"evaluation loss {after:.4f}; in the sweep {before:.4f}"
    return result("fine_tuned_models", "no_worse_than_sweep", passed, about, said)


def metrics_checks(about: str, found: TunedMetrics) -> list[dg.AssetCheckResult]:
    """The scores, and the comparison with the base model."""
    difference = found.comparison.difference
    said = f"{found.comparison.verdict}, {points(difference.value)} points of accuracy"
    return [
        *score_checks("metrics", about, (found.validation, found.test)),
        result("metrics", "no_worse_than_base", found.comparison.verdict != "worse", about, said),
    ]


def curve_check(about: str, curve: LearningCurve) -> dg.AssetCheckResult:
    """Whether each point stands on all test rows."""
    missing = sum(point.test.rows - point.test.scored for point in curve.points)
    sizes = plural(len(curve.points), "size")
    return result("learning_curve", "complete", not missing, about, f"{sizes}, {plural(missing, 'row')} unanswered")


def report_checks(
    dataset: str, missing: Sequence[str], complete: bool, headline: str, paid: float, ceiling: float
) -> list[dg.AssetCheckResult]:
    """The files, the money, and whether it came to its end."""
    written = f"not there: {', '.join(missing)}" if missing else "three files"
    return [
        result("report", "written", not missing, dataset, written),
        result(
            *("report", "within_approved", paid <= ceiling + 1e-9, dataset),
            f"{usd_roughly(paid)} paid, of {usd_roughly(ceiling)} approved",
            paid_usd=paid,
            approved_usd=ceiling,
        ),
        result("report", "finished", complete, dataset, headline),
    ]
