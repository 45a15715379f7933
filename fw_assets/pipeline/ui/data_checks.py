"""Asset checks: what a person should see at a glance. They inform and never gate; decisions are in the values."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_noise import LabelSuspects
from fw_assets.classification.labels.label_set import Finding, LabelSet
from fw_assets.pipeline.ui.metadata import Row, table
from fw_assets.pipeline.values import DeploymentRecord
from fw_assets.report.formatting import plural

LABEL_CHECKS = {
    "labels_known": "Every row's label is in the label set, and no label is probably a misspelling of another.",
    "imbalance": "The most frequent label is not more than the threshold times as frequent as the least frequent.",
    "overlap": "No row of one part is repeated in another, exactly or nearly, and equal texts have equal labels.",
    "rare_labels": "Every label has enough test rows to say something about it.",
}


def schema_spec(asset: str) -> dg.AssetCheckSpec:
    """The check that no line was rejected."""
    return dg.AssetCheckSpec("schema", asset=asset, description="Every line of the files is a usable row.")


def label_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks on the labels."""
    return [dg.AssetCheckSpec(name, asset=asset, description=text) for name, text in LABEL_CHECKS.items()]


def schema_check(asset: str, about: str, inspected: InspectedDataset) -> dg.AssetCheckResult:
    """Warns of lines that were left out."""
    left_out = plural(len(inspected.rejected), "line")
    rows: list[Row] = [
        {"file": problem.file, "line": problem.line, "field": problem.field, "problem": problem.message}
        for rejected in inspected.rejected
        for problem in rejected.problems
    ]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name="schema",
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{about}: {left_out} were left out" if rows else f"{about}: {inspected.rows:,} usable rows",
        metadata={"rejected": table(rows), "rows": inspected.rows},
    )


def noise_spec(asset: str) -> dg.AssetCheckSpec:
    """The check that no label is doubted."""
    text = "No row's label is doubted by a model of the other rows. Where to look, not what to change."
    return dg.AssetCheckSpec("label_noise", asset=asset, description=text)


def noise_check(asset: str, about: str, found: LabelSuspects) -> dg.AssetCheckResult:
    """Warns of doubted rows and shows the first 50 of each side."""
    doubted, rows = found.doubted_train + found.doubted_test, suspect_rows(found)
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name="label_noise",
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{about}: {doubted:,} of {found.judged:,} rows are labelled otherwise than the rest would have it",
        metadata={"suspects": table(rows), "train": found.doubted_train, "test": found.doubted_test},
    )


def suspect_rows(found: LabelSuspects) -> list[Row]:
    """The first 50 doubted rows of each side, training rows first."""
    return [
        {
            "part": item.part,
            "row": item.id,
            "labels": ", ".join(item.labels),
            "suggested": item.suggested,
            "text": item.text[:200],
        }
        for side in (False, True)
        for item in [s for s in found.suspects if (s.part == "test") is side][:50]
    ]


def label_checks(asset: str, about: str, labels: LabelSet) -> list[dg.AssetCheckResult]:
    """One result per check, with the rows that each finding is about."""
    return [_found(asset, name, about, [f for f in labels.findings if f.check == name]) for name in LABEL_CHECKS]


def _found(asset: str, name: str, about: str, findings: Sequence[Finding]) -> dg.AssetCheckResult:
    serious = [finding for finding in findings if finding.severity != "info"]
    rows: list[Row] = [{"severity": f.severity, "finding": f.message, "rows": ", ".join(f.rows[:20])} for f in findings]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not serious,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{about}: {serious[0].message if serious else 'nothing found'}",
        metadata={"findings": table(rows)},
    )


def gate_spec(asset: str) -> dg.AssetCheckSpec:
    """The deploy gate's word."""
    return dg.AssetCheckSpec("gate", asset=asset, description="The winner was shown to be worth deploying.")


def serving_spec(asset: str) -> dg.AssetCheckSpec:
    """The serving proof."""
    return dg.AssetCheckSpec("serves_what_was_evaluated", asset=asset, description="Asked again, it answers the same.")


def deployment_checks(asset: str, about: str, record: DeploymentRecord) -> list[dg.AssetCheckResult]:
    """The gate's decision and the serving proof."""
    gate, proof = record.gate, record.proof
    losing: list[Row] = [
        {
            "label": c.label,
            "before": c.before,
            "after": c.after,
            "test rows": c.support,
            "forbids": c in gate.losing_labels,
        }
        for c in (*gate.losing_labels, *gate.watch_labels)
    ]
    return [
        dg.AssetCheckResult(
            asset_key=asset,
            check_name="gate",
            passed=gate.decision in ("deploy", "keep-base", "not-asked"),
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{about}: {gate.decision}: {gate.why}",
            metadata={"decision": gate.decision, "labels_that_lost": table(losing)},
        ),
        dg.AssetCheckResult(
            asset_key=asset,
            check_name="serves_what_was_evaluated",
            passed=True,
            description=f"{about}: "
            + (
                f"{proof.agreed} of {plural(proof.asked, 'row')} answered as evaluated" if proof else "nothing deployed"
            ),
            metadata={"asked": proof.asked if proof else 0, "agreed": proof.agreed if proof else 0},
        ),
    ]
