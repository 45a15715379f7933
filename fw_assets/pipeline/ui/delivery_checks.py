"""Results of the checks on the deployment and on the report."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from fw_assets.classification.gate.deploy_gate import GateDecision
from fw_assets.pipeline.ui.check_result import check_result
from fw_assets.pipeline.ui.metadata import Row, optional_table
from fw_assets.pipeline.values.delivery import DeploymentRecord, ServingProof
from fw_assets.report.formatting import decimal, percent, plural, usd_roughly


def deployment_checks(dataset: str, record: DeploymentRecord) -> list[dg.AssetCheckResult]:
    gate, proof = record.gate, record.proof
    return [
        check_result(
            *("deployment", "gate", gate.decision in ("deploy", "keep-base", "not-asked"), dataset),
            f"{gate.decision}: {gate.why}",
            decision=gate.decision,
            labels_that_lost=optional_table(_losing_labels(gate)),
        ),
        check_result(
            # A proof that failed has failed the step: no record says so.
            *("deployment", "serves_what_was_evaluated", True, dataset, _proof_sentence(proof)),
            asked=proof.asked if proof else 0,
            agreed=proof.agreed if proof else 0,
        ),
    ]


def _losing_labels(gate: GateDecision) -> list[Row]:
    return [
        {
            "label": change.label,
            "rows": change.support,
            "F1": f"{decimal(change.f1_before)} → {decimal(change.f1_after)}",
            "right": f"{percent(change.before)} → {percent(change.after)}",
            "forbids": "yes" if change in gate.losing_labels else "no",
        }
        for change in (*gate.losing_labels, *gate.watch_labels)
    ]


def _proof_sentence(proof: ServingProof | None) -> str:
    if proof is None:
        return "nothing deployed"
    return f"{proof.agreed} of {plural(proof.asked, 'row')} answered as evaluated"


def report_checks(
    dataset: str, missing: Sequence[str], complete: bool, headline: str, paid_usd: float, ceiling: float
) -> list[dg.AssetCheckResult]:
    """Files that are missing in the workspace, cost against the approved ceiling in US dollars, and completeness."""
    written = f"not there: {', '.join(missing)}" if missing else "three files"
    return [
        check_result("report", "written", not missing, dataset, written),
        check_result(
            *("report", "within_approved", paid_usd <= ceiling + 1e-9, dataset),
            f"{usd_roughly(paid_usd)} paid, of {usd_roughly(ceiling)} approved",
            paid_usd=paid_usd,
            approved_usd=ceiling,
        ),
        check_result("report", "finished", complete, dataset, headline),
    ]
