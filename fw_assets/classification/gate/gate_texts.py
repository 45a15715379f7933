"""Sentences of the gate on what was compared."""

from __future__ import annotations

from fw_assets.classification.gate.gate_costs import rival_text, signed_text
from fw_assets.classification.selection.pair_comparison import PairComparison
from fw_assets.classification.selection.record_comparison import RecordComparison
from fw_assets.classification.selection.selection import Winner
from fw_assets.classification.selection.verdict import p_value_text


def winner_text(winner: Winner) -> str:
    return f"the adapter {winner.model}" if winner.adapter else "the fine-tuned model"


def difference_text(comparison: PairComparison, winner: Winner, where: str = "") -> str:
    """The verdict with its figures, as the beginning of a sentence.

    Args:
        where: what it is about, in place of the rows.
    """
    other = rival_text(winner)
    rows = f"{comparison.rows} test rows"
    if comparison.groups is not None and comparison.groups < comparison.rows:
        rows += f", {comparison.groups} distinct"
    rows = where or rows
    points = f"{comparison.margin * 100:g} point{'' if comparison.margin == 0.01 else 's'}"
    text = {
        "better": f"Better than {other} on {rows}",
        "worse": f"Worse than {other} on {rows}",
        "as good": f"At least as good as {other} within {points}, on {rows}, and not shown to be better",
        "cannot be told": f"Whether {winner_text(winner)} is better than {other} cannot be told on {rows}",
    }[comparison.verdict]
    difference, level = comparison.difference, f"{(1 - comparison.level) * 100:.4g}"
    return (
        f"{text} ({signed_text(100 * difference.value, 1)} points, {level} % interval "
        f"{signed_text(100 * difference.low, 1)} to "
        f"{signed_text(100 * difference.high, 1)}, {p_value_text(comparison.adjusted_p, comparison.alpha)})"
    )


def fields_text(fields: RecordComparison, winner: Winner) -> str:
    """The verdict over all fields with its figures, as the beginning of a sentence."""
    rows = fields.whole.rows
    where = f"all {len(fields.names)} fields of {rows} test rows"
    if fields.mean.groups is not None and fields.mean.groups < rows:
        where += f", {fields.mean.groups} distinct"
    return difference_text(fields.mean, winner, where)


def worse_fields_text(fields: RecordComparison) -> str:
    """The fields that are shown to be worse, after "but"."""
    named = [
        f"{name} ({signed_text(100 * item.difference.value, 1)} points, {p_value_text(item.adjusted_p, item.alpha)})"
        for name, item in fields.worse
    ]
    return f"shown to be worse in {', '.join(named)}, adjusted for {len(fields.names)} fields and the whole object"
