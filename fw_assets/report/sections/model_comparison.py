"""Two models side by side, for `fw-assets compare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
)
from fw_assets.report.table import Table, columns

NamedScores = tuple[str, Scores]


@dataclass(frozen=True)
class ModelComparison:
    """The second model against the first on the rows that they share; `rows` counts all test rows of each."""

    first: NamedScores
    second: NamedScores
    comparison: Comparison
    rows: tuple[int, int]

    @property
    def answer(self) -> str:
        """Which one is better, in one sentence."""
        comparison = self.comparison
        relations = {"better": "is better than", "worse": "is worse than"}
        relation = relations.get(comparison.verdict, "was not shown to differ from")
        interval = (comparison.difference.low, comparison.difference.high)
        return (
            f"{self.second[0]} {relation} {self.first[0]} on the {plural(comparison.rows, 'test row')} that they share "
            f"({points(comparison.difference.value)} points, 95% interval {points_range(interval)}; "
            f"{p_value(comparison.p_value)}; {count(comparison.gained)} gained, {count(comparison.lost)} lost)."
        )

    def figures(self) -> Table:
        """Both models on the shared rows."""
        rows = tuple(
            (
                Quoted(name),
                f"{percent(scores.accuracy.value)} ({percent_range((scores.accuracy.low, scores.accuracy.high))})",
                decimal(scores.macro_f1),
                percent(scores.coverage),
                f"{count(scores.rows)} of {count(total)}",
            )
            for (name, scores), total in zip((self.first, self.second), self.rows, strict=True)
        )
        return Table(columns("Model", ">Accuracy", ">Macro-F1", ">Coverage", ">Of its test rows"), rows)

    def labels(self) -> Table:
        """Every label of the shared rows, the largest change first."""
        changes = sorted(self.comparison.per_label, key=lambda change: -abs(change.after - change.before))
        rows = tuple(
            (
                Quoted(change.label),
                count(change.support),
                percent(change.before),
                percent(change.after),
                points(change.after - change.before),
            )
            for change in changes
        )
        return Table(columns("Label", ">Rows", ">First", ">Second", ">Change"), rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "first": {"model": self.first[0], "scores": self.first[1].model_dump(mode="json")},
            "second": {"model": self.second[0], "scores": self.second[1].model_dump(mode="json")},
            "comparison": self.comparison.model_dump(mode="json"),
            "test_rows": list(self.rows),
        }
