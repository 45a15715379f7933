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

Side = tuple[str, Scores]


@dataclass(frozen=True)
class Sides:
    """The second model against the first on `comparison.rows` rows; `rows` are the test rows of each in all."""

    first: Side
    second: Side
    comparison: Comparison
    rows: tuple[int, int]

    @property
    def answer(self) -> str:
        """Which one is better, in one sentence."""
        found = self.comparison
        word = {"better": "is better than", "worse": "is worse than"}.get(found.verdict, "was not shown to differ from")
        interval = (found.difference.low, found.difference.high)
        return (
            f"{self.second[0]} {word} {self.first[0]} on the {plural(found.rows, 'test row')} that they share "
            f"({points(found.difference.value)} points, 95% interval {points_range(interval)}; "
            f"{p_value(found.p_value)}; {count(found.gained)} gained, {count(found.lost)} lost)."
        )

    def figures(self) -> Table:
        """Both on the shared rows."""
        rows = tuple(
            (
                Quoted(name),
                f"{percent(scores.accuracy.value)} ({percent_range((scores.accuracy.low, scores.accuracy.high))})",
                decimal(scores.macro_f1),
                percent(scores.coverage),
                f"{count(scores.rows)} of {count(whole)}",
            )
            for (name, scores), whole in zip((self.first, self.second), self.rows, strict=True)
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
        """The same as plain data."""
        return {
            "first": {"model": self.first[0], "scores": self.first[1].model_dump(mode="json")},
            "second": {"model": self.second[0], "scores": self.second[1].model_dump(mode="json")},
            "comparison": self.comparison.model_dump(mode="json"),
            "test_rows": list(self.rows),
        }
