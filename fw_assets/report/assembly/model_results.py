"""The domain's values in the words of the report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import PurePath

from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.cost.ledger import PROMISED, CostRow
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.values import Interval
from fw_assets.report.schema import report as m

STAGES = {
    "base-evaluation": "base evaluation",
    "sweep": "sweep",
    "full-training": "training on all rows",
    "tuned-evaluation": "fine-tuned evaluation",
    "learning-curve": "learning curve",
    "deployment": "deployment",
}


def model_result(model: str, scores: Scores) -> m.ModelResult:
    """One model's scores."""
    several = scores.multi
    return m.ModelResult(
        model=model,
        accuracy=scores.accuracy.value,
        interval=bounds(scores.accuracy),
        per_label={
            item.label: m.LabelResult(
                accuracy=item.accuracy.value if item.accuracy else None,
                support=item.support,
                interval=bounds(item.accuracy) if item.accuracy else None,
                predicted=item.predicted,
                precision=item.precision,
                f1=item.f1,
            )
            for item in scores.per_label
        },
        outcomes=dict(scores.outcomes),
        rows=scores.rows,
        complete=scores.complete,
        coverage=scores.coverage,
        answered_accuracy=scores.answered_accuracy,
        lenient_accuracy=scores.lenient_accuracy,
        macro_f1=scores.macro_f1,
        weighted_f1=scores.weighted_f1,
        balanced_accuracy=scores.balanced_accuracy,
        mcc=scores.mcc,
        majority_accuracy=scores.majority_accuracy,
        labels_without_rows=scores.labels_without_rows,
        confusion=tuple(_pair(pair) for pair in scores.confusion),
        most_confused=tuple(_pair(pair) for pair in scores.most_confused),
        multi_label=several
        and m.MultiLabelResult(
            jaccard=several.jaccard,
            hamming=several.hamming,
            micro_precision=several.micro_precision,
            micro_recall=several.micro_recall,
            micro_f1=several.micro_f1,
            mean_gold=several.mean_gold,
            mean_predicted=several.mean_predicted,
        ),
    )


def comparison_result(comparison: Comparison, flips: Sequence[m.Flip]) -> m.ComparisonResult:
    """The verdict and what it rests on."""
    f1 = comparison.macro_f1_difference
    return m.ComparisonResult(
        gained=comparison.gained,
        lost=comparison.lost,
        p_value=comparison.p_value,
        verdict=comparison.verdict,
        rows=comparison.rows,
        difference=comparison.difference.value,
        interval=bounds(comparison.difference),
        adjusted_p_value=comparison.adjusted_p,
        mid_p_value=comparison.mid_p,
        macro_f1_difference=f1.value if f1 else None,
        macro_f1_interval=bounds(f1) if f1 else None,
        per_label={
            change.label: m.LabelDifference(
                gained=change.gained,
                lost=change.lost,
                difference=change.difference.value,
                interval=bounds(change.difference),
                p_value=change.p_value,
            )
            for change in comparison.per_label
        },
        flips=tuple(flips),
    )


def data_facts(inspected: InspectedDataset, labels: LabelSet) -> m.Dataset:
    """What was found in the data."""
    imbalance, overlap = labels.imbalance, labels.overlap
    return m.Dataset(
        files=tuple(
            m.DataFile(
                name=PurePath(file.path_name).name,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                rows=file.rows,
                rejected=file.rejected,
            )
            for file in inspected.files
        ),
        extraction=_label_source(inspected, labels),
        extraction_coverage=labels.extraction.coverage,
        labels_given=labels.given,
        multi_label=labels.multi_label,
        label_rows={
            item.label: m.PartRows(train=item.train, validation=item.validation, test=item.test)
            for item in labels.counts
        },
        imbalance_ratio=imbalance.ratio,
        imbalance_threshold=imbalance.threshold,
        imbalance_exceeded=imbalance.exceeded,
        duplicate_groups=overlap.near_groups,
        removed_from_train=overlap.removed_from_train,
        contradictions=labels.contradictions,
        rejected=len(inspected.rejected) + sum(count for _, count in labels.left_out),
        findings=tuple(sentence(finding.message) for finding in labels.findings),
    )


def bill(estimate: Estimate, rows: Sequence[CostRow]) -> m.Cost:
    """Estimated against actual for what happened; totals are the sums of the rounded lines."""
    lines = {line.key: line for line in estimate.lines}
    happened = [row for row in rows if row.events or not row.note]
    entries = tuple(_entry(row, lines.get(row.key)) for row in happened)
    return m.Cost(
        lines=entries,
        estimated_usd=_total([entry.estimated_usd for entry in entries]),
        actual_usd=_total([entry.actual_usd for entry in entries]),
        estimated_complete=all(entry.estimated_usd is not None for entry in entries),
        actual_complete=all(entry.actual_usd is not None for entry in entries),
        not_started=tuple(row.key for row in rows if not row.events and row.note not in ("", PROMISED)),
        promised=tuple(_entry(row, lines.get(row.key)) for row in rows if row.note == PROMISED),
    )


def validation(interval: Interval | None) -> m.Validation | None:
    """A figure on the validation rows."""
    return m.Validation(accuracy=interval.value, interval=bounds(interval)) if interval else None


def bounds(interval: Interval) -> m.Bounds:
    """The two ends of an interval."""
    return (interval.low, interval.high)


def sentence(text: str) -> str:
    """A reason as the report writes it: percent signs closed up, minus signs as such, in valid Unicode."""
    closed = re.sub(r"(?<=\d) %", "%", text)
    signed = re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", closed)
    return signed.encode("utf-8", "replace").decode("utf-8")


def _label_source(inspected: InspectedDataset, labels: LabelSet) -> str:
    if inspected.ground_truth_rows == inspected.rows:
        return "the rows' ground_truth"
    rule = labels.extraction.name.replace("_", " ", 1 if labels.extraction.key else -1)
    return rule if not inspected.ground_truth_rows else f"ground_truth where given, else {rule}"


def _entry(row: CostRow, line: CostLine | None) -> m.CostEntry:
    usd = line.usd if line else None
    return m.CostEntry(
        line=row.key,
        stage=STAGES[line.stage] if line else "not in the plan",
        model=line.model if line else None,
        formula=line.formula if line else row.note,
        estimated_usd=_cents(row.estimated_usd),
        revised_usd=_cents(row.revised_usd),
        quantity_estimated=bool(row.events and row.note) and line is not None,
        low_usd=_cents(usd.low) if usd else None,
        high_usd=_cents(usd.high) if usd else None,
        actual_usd=_cents(row.actual_usd),
    )


def _cents(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 4)


def _total(amounts: Sequence[float | None]) -> float:
    return round(math.fsum(amount for amount in amounts if amount is not None), 4)


def _pair(pair: tuple[str, str | None, int]) -> m.ConfusionCount:
    gold, predicted, rows = pair
    return m.ConfusionCount(gold=gold, predicted=predicted, count=rows)
