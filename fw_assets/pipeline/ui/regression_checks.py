"""Results of the nightly checks of a deployment: since when, how much, how sure, and what to do.

A loss of accuracy is an error. Lost coverage is one too, unless more rows are right all the same. What is merely other
than it was warns.
"""

from __future__ import annotations

import dagster as dg

from fw_assets.classification.selection.nightly_checks import (
    ACCURACY_LEVEL,
    COVERAGE_LEVEL,
    FLIP_MARGIN,
    LABEL_MARGIN,
    LABELS_LEVEL,
    MARGIN,
    NightlyChecks,
)
from fw_assets.classification.selection.sequential_loss import Evidence
from fw_assets.classification.visible_text import visible
from fw_assets.pipeline.values.regression import Regression
from fw_assets.report.formatting import clip, percent, plural, points, points_range, rows_text

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
_ADVICE = (
    "Look at the rows that changed (night, beside those that were accepted) and ask the platform what it "
    "changed; until then send no traffic there, or benchmark the dataset anew under another name and deploy that."
)


def regression_checks(dataset: str, result: Regression) -> list[dg.AssetCheckResult]:
    """One result per check."""
    checks = result.checks
    coverage = WARN if checks.accuracy.difference > 0 else ERROR
    return [
        _result(dataset, "regression", not checks.accuracy.shown, ERROR, accuracy_sentence(checks)),
        _result(dataset, "coverage", not checks.coverage.shown, coverage, _coverage_sentence(checks)),
        _result(dataset, "label_shares", not checks.label.evidence.shown, WARN, _label_sentence(checks)),
        _result(dataset, "flips", not checks.flips.shown, WARN, _flip_sentence(checks)),
        _result(dataset, "served_model", not result.served_changes, WARN, _served_sentence(result)),
    ]


def accuracy_sentence(checks: NightlyChecks) -> str:
    """The verdict on accuracy, in plain text."""
    evidence = checks.accuracy
    rows = rows_text(checks.rows, checks.units)
    measured = (
        f"{percent(checks.right + evidence.difference)} right on {rows} over {_span(checks, evidence)}, "
        f"{percent(checks.right)} when accepted: {_change(evidence)}"
    )
    if evidence.shown:
        since = checks.shown_since("accuracy")
        return f"{measured}. A loss is shown since {since}; {_chance(ACCURACY_LEVEL)}. {_ADVICE}"
    earlier = [night.date for night in checks.nights if "accuracy" in night.shown]
    note = f" A loss was shown until {earlier[-1]}, and is no longer." if earlier else ""
    verdict = (
        "It does better than when accepted." if evidence.low > 0 else f"No loss of more than {_size(MARGIN)} shown."
    )
    return f"{measured}. {verdict}{note}"


def _coverage_sentence(checks: NightlyChecks) -> str:
    evidence = checks.coverage
    measured = (
        f"{percent(checks.valid + evidence.difference)} of the rows got a valid label over {_span(checks, evidence)}, "
        f"{percent(checks.valid)} when accepted: {_change(evidence)}"
    )
    if not evidence.shown:
        return f"{measured}. No loss of more than {_size(MARGIN)} shown."
    return (
        f"{measured}. A loss is shown since {checks.shown_since('coverage')}; {_chance(COVERAGE_LEVEL)}. Answers no "
        "longer name a label. Read them in night_predictions (column completion): a changed template, a shorter limit "
        "of tokens or a filter leaves marks there."
    )


def _label_sentence(checks: NightlyChecks) -> str:
    share, evidence = checks.label, checks.label.evidence
    name = "the less frequent labels together"
    if share.label is not None:
        name = f"the label '{visible(clip(share.label, 60))}'"
    measured = (
        f"{name}: {percent(share.accepted + evidence.difference)} of the answers over {_span(checks, evidence)}, "
        f"{percent(share.accepted)} when accepted: {_change(evidence)}"
    )
    if not evidence.shown:
        return f"No change of a label's share by more than {_size(LABEL_MARGIN)} shown. The clearest: {measured}."
    return (
        f"{measured}. A change is shown since {checks.shown_since('labels')}; {_chance(LABELS_LEVEL)}. The answers "
        "lean otherwise than when accepted. Whether that is worse, the check regression says."
    )


def _flip_sentence(checks: NightlyChecks) -> str:
    flips = checks.flips
    if flips.nights is None:
        return f"{percent(flips.accepted)} of the answers are others than when accepted; nights to compare with follow."
    measured = (
        f"{percent(flips.accepted)} of the answers are others than when accepted, {percent(flips.nights)} others than "
        "on the night before"
    )
    if not flips.shown:
        return f"{measured}: no more than chance and {_size(FLIP_MARGIN)}."
    return (
        f"{measured}. Shown since {checks.shown_since('flips')}: what answers is not what was accepted, whether worse "
        "or better. Compare the check served_model, and ask the platform."
    )


def _served_sentence(result: Regression) -> str:
    if result.served is None:
        return "the platform does not say what it serves."
    if result.served_changes:
        return (
            f"served is something else than on {result.served_since}: {'; '.join(result.served_changes)}. If the other "
            "checks pass, nothing was lost by it yet."
        )
    names = [name for name in (result.served.model, result.served.fingerprint, result.served.base_model) if name]
    return f"{', '.join(dict.fromkeys(names)) or 'no name given'}, as on {result.served_since}."


def _span(checks: NightlyChecks, evidence: Evidence) -> str:
    first = checks.nights[evidence.first - 1].date
    return f"{plural(evidence.nights, 'night')} since {first}" if evidence.nights > 1 else f"one night, {first}"


def _change(evidence: Evidence) -> str:
    bounds = points_range((evidence.low, evidence.high))
    return f"{points(evidence.difference)} points ({bounds} by bounds that hold on all nights together)"


def _chance(level: float) -> str:
    return f"chance alone ever shows one for fewer than {100 * level:g}% of the deployments"


def _size(share: float) -> str:
    return f"{100 * share:g} points" if share != 0.01 else "1 point"


def _result(
    dataset: str, name: str, passed: bool, severity: dg.AssetCheckSeverity, sentence: str
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key="regression",
        check_name=name,
        passed=passed,
        severity=severity,
        description=f"{dataset}: {sentence}",
    )
