"""Thresholds of several labels: which were used, and what a threshold for each label bought."""

from __future__ import annotations

from fw_assets.report.formatting import Quoted, decimal, short, signed
from fw_assets.report.schema.distributions import ThresholdResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns

RULES = {
    "per-label": "one for each label",
    "shared": "one for all, by the Jaccard index",
    "macro-f1": "one for all, by macro-F1",
}
NOTE = (
    "A label is given from its threshold on. Thresholds are chosen on the validation rows, of which each is judged by "
    "those of the other rows. The gain is that of a threshold for each label over the best one for all, in macro-F1 on "
    "the test rows, by the paired bootstrap."
)


def thresholds(report: Report) -> Table:
    """One row per model whose labels follow from a probability for each."""
    rows = tuple(
        (
            baseline_name(item.model) if item.kind == "baseline" else Quoted(short(item.model)),
            report.kind_of(short(item.model), item.kind),
            RULES[item.rule],
            _levels(item),
            "" if item.macro_f1 is None else decimal(item.macro_f1),
            ""
            if item.gain is None
            else f"{signed(item.gain.value, 3)} ({signed(item.gain.low, 3)} to {signed(item.gain.high, 3)})",
        )
        for item in report.thresholds
    )
    return Table(columns("Model", "", "Thresholds", "From", ">Macro-F1 with one for all", ">Gain"), rows)


def _levels(item: ThresholdResult) -> str:
    if item.thresholds is None:
        return "fitted by the platform"
    levels = [threshold for _, threshold in item.thresholds.by_label]
    if not levels:
        return decimal(item.thresholds.shared)
    return f"{decimal(min(levels))} to {decimal(max(levels))}"
