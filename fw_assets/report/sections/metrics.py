"""Metrics of every evaluated model, and the meaning of every figure in the report."""

from __future__ import annotations

from fw_assets.classification.metrics.metric import Metric, shown_values
from fw_assets.report.formatting import Quoted, formatted, percent, short
from fw_assets.report.glossary import COMPARISON_FIGURES, CONFIDENCE_FIGURES, COST_FIGURES
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.candidates import evaluated, ordered
from fw_assets.report.table import Table, columns


def metrics(report: Report) -> Table:
    """Every model on every metric that any of them has a value of."""
    declared = _shown_metrics(report)
    rows = []
    for candidate, result, kind in evaluated(ordered(report)):
        values = shown_values(result, result.multi_label)
        cells = (
            formatted(values[name][1] if name in values else None, metric.format) for name, metric in declared.items()
        )
        rows.append((Quoted(short(candidate.model)), kind, percent(result.accuracy), *cells))
    accuracy = ">Exact sets" if report.data.multi_label else ">Accuracy"
    return Table(columns("Model", "", accuracy, *(f">{metric.heading}" for metric in declared.values())), tuple(rows))


def meanings(report: Report) -> tuple[tuple[str, str], ...]:
    """The name and the meaning of every figure in the report."""
    explained = ((metric.label, metric.meaning) for metric in _shown_metrics(report).values())
    costs = COST_FIGURES if report.mistakes else ()
    return (*COMPARISON_FIGURES, *costs, *explained, *CONFIDENCE_FIGURES)


def _shown_metrics(report: Report) -> dict[str, Metric]:
    return {
        name: metric
        for _, result, _ in evaluated(ordered(report))
        for name, (metric, _) in shown_values(result, result.multi_label).items()
    }
