"""Accuracy by similarity to the training rows: table, and the caution when far rows are answered worse."""

from __future__ import annotations

from fw_assets.report.formatting import Quoted, before_verb, count, p_value, percent, percent_range, rows_text, short
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.table import Table, columns

ALPHA = 0.05


def similarity(report: Report) -> Table:
    """One row per model and range of similarity that has test rows, in the order of the candidates."""
    places = {short(candidate.model): place for place, candidate in enumerate(ordered(report))}
    rows = tuple(
        (
            Quoted(short(result.model)),
            report.kind_of(short(result.model), result.kind),
            f"{item.low:.1f} to {item.high:.1f}",
            count(item.rows) + (f" ({count(item.groups)} distinct)" if item.groups and item.groups < item.rows else ""),
            f"{percent(item.accuracy)} ({percent_range(item.interval)})",
        )
        for result in sorted(report.similarity, key=lambda item: (places.get(short(item.model), 0), item.kind))
        for item in result.bins
        if item.accuracy is not None and item.interval is not None
    )
    return Table(columns("Model", "", "Similarity", ">Test rows", ">Accuracy"), rows)


def cautions(report: Report) -> tuple[str, ...]:
    """A sentence per fine-tuned model that answers rows far from its training rows worse than those near them."""
    return tuple(
        f"The fine-tuned {short(result.model)} is right on {percent(result.near_accuracy)} of the "
        f"{before_verb(rows_text(result.near_rows, result.near_groups))} with a near twin in training, and on "
        f"{percent(result.far_accuracy)} of the {rows_text(result.far_rows, result.far_groups, 'other')} "
        f"({p_value(result.p_value)}): expect new texts to be answered as the others are."
        for result in report.similarity
        if result.kind == "fine-tuned" and result.p_value is not None and result.p_value < ALPHA
    )
