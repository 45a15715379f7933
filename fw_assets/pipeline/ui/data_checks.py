"""Results of the checks on a dataset: its lines, its labels, and rows whose label is doubted."""

from __future__ import annotations

import dagster as dg

from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_noise import LabelSuspects
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.pipeline.asset_table import CHECKS
from fw_assets.pipeline.ui.check_result import check_result
from fw_assets.pipeline.ui.metadata import Row, optional_table
from fw_assets.report.formatting import clip, plural

MAX_SUSPECTS = 50
"""Of each side."""
MAX_SUSPECT_TEXT = 200
MAX_ROW_IDS = 20
MAX_WRONG_SHARE = 0.03
"""Of the labels; that many wrong ones are found in well-kept public datasets (Northcutt, Athalye & Mueller 2021)."""


def schema_check(dataset: str, inspected: InspectedDataset) -> dg.AssetCheckResult:
    """Warns of lines that were left out."""
    left_out = plural(inspected.rejected_rows, "line")
    rows: list[Row] = [
        {"line": f"{problem.file}: {problem.line}", "field": problem.field, "problem": problem.message}
        for rejected in inspected.rejected
        for problem in rejected.problems
    ]
    sentence = f"{left_out} were left out" if rows else f"{inspected.rows:,} usable rows"
    return check_result(
        *("inspected_dataset", "schema", not rows, dataset, sentence),
        rows=inspected.rows,
        rejected=optional_table(rows),
    )


def label_checks(dataset: str, labels: LabelSet) -> list[dg.AssetCheckResult]:
    """One result per check, with the rows that each finding is about."""
    return [_label_check(dataset, name, labels) for name in CHECKS["label_set"]]


def _label_check(dataset: str, name: str, labels: LabelSet) -> dg.AssetCheckResult:
    findings = [finding for finding in labels.findings if finding.check == name]
    serious = [finding for finding in findings if finding.severity != "info"]
    rows: list[Row] = [
        {"finding": f.message, **({"rows": ", ".join(f.rows[:MAX_ROW_IDS])} if f.rows else {})} for f in findings
    ]
    sentence = (serious or findings)[0].message if findings else "nothing found"
    return check_result("label_set", name, not serious, dataset, sentence, findings=optional_table(rows))


def noise_check(dataset: str, suspects: LabelSuspects) -> dg.AssetCheckResult:
    """Warns where more labels than `MAX_WRONG_SHARE` are wrong beyond sampling error; shows the most doubted rows."""
    wrong, rows = suspects.wrong, suspect_rows(suspects)
    return check_result(
        *("label_suspects", "label_noise", wrong is None or wrong.low <= MAX_WRONG_SHARE, dataset),
        wrong_labels(suspects),
        train=suspects.doubted_train,
        test=suspects.doubted_test,
        suspects=optional_table(rows),
    )


def wrong_labels(suspects: LabelSuspects) -> str:
    """How many labels are wrong, as a sentence without a stop."""
    if suspects.wrong is None:
        return "no label was judged: too few rows of each, or no word occurs twice"
    wrong, judged = suspects.wrong, suspects.judged
    low, value, high = (round(share * judged) for share in (wrong.low, wrong.value, wrong.high))
    return (
        f"at most about {value:,} ({low:,} to {high:,}) of {plural(judged, 'label')} are wrong, by a model of the "
        "other rows, whose own mistakes are in that figure"
    )


def suspect_rows(suspects: LabelSuspects, most_text: int = MAX_SUSPECT_TEXT) -> list[Row]:
    """The most doubted rows, training rows first, with that many characters of their texts."""
    train = [item for item in suspects.suspects if item.part != "test"]
    test = [item for item in suspects.suspects if item.part == "test"]
    return [
        {
            "row": item.id,
            # One column: beside the text in another, long labels would lose most of their letters.
            "label or other, and text": f"{', '.join(item.labels)} or {item.suggested}? “{clip(item.text, most_text)}”",
        }
        for item in (*train[:MAX_SUSPECTS], *test[:MAX_SUSPECTS])
    ]
