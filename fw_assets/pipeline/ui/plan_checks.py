"""Results of the checks on a plan and on its approval."""

from __future__ import annotations

import dagster as dg

from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.ui.check_result import check_result
from fw_assets.pipeline.values.approval import Approval
from fw_assets.report.formatting import plural, usd_roughly


def plan_checks(plan: Plan) -> list[dg.AssetCheckResult]:
    estimate, limit, dataset = plan.estimate, plan.session.max_spend_usd, plan.dataset
    high = f"at most {usd_roughly(estimate.high)}"
    return [
        check_result(
            *("plan", "every_price_known", not estimate.lower_bound, dataset),
            f"no price for {', '.join(estimate.unknown[:8])}" if estimate.lower_bound else "every price is known",
            unknown_lines=len(estimate.unknown),
        ),
        check_result(
            *("plan", "within_budget", limit is None or estimate.high <= limit, dataset),
            f"{high}; no limit was set" if limit is None else f"{high}, of {usd_roughly(limit)} allowed",
            high_usd=estimate.high,
        ),
        check_result(
            *("plan", "instruction_understood", not plan.unused, dataset),
            f"not understood: {'; '.join(plan.unused)}" if plan.unused else "nothing was left over",
            clauses_not_used=len(plan.unused),
        ),
    ]


def approval_checks(dataset: str, approval: Approval, labels_given: bool) -> list[dg.AssetCheckResult]:
    """The decision, and the confirmation of the labels, which labels given by the session do not need."""
    note = f" ({approval.note})" if approval.note else ""
    labels = plural(len(approval.labels), "label")
    confirmed = "confirmed" if approval.labels_confirmed else "inferred, not confirmed"
    return [
        check_result(
            *("approval", "approved", approval.decision == "approved", dataset),
            f"plan {approval.plan_digest} {approval.decision} by {approval.approved_by}{note}",
        ),
        check_result(
            *("approval", "labels_confirmed", approval.labels_confirmed, dataset),
            f"{labels}, {'given by the session' if labels_given else confirmed}",
        ),
    ]
