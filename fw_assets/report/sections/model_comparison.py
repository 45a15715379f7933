"""Two models side by side, for `fw-assets compare`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.values import Interval
from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    p_value,
    percent,
    percent_range,
    points,
    points_text,
    rows_text,
)
from fw_assets.report.sections.verdicts import interval_text
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
        second, first = self.second[0], self.first[0]
        interval = (comparison.difference.low, comparison.difference.high)
        where = f"on the {rows_text(comparison.rows, comparison.groups)} that they share".replace(
            " distinct", " distinct,"
        )
        margin = points_text(comparison.margin)
        relation = {
            "better": f"{second} is better than {first} {where}",
            "worse": f"{second} is worse than {first} {where}",
            "as good": f"{second} is at least as good as {first}, within {margin}, which is shown {where}",
            "cannot be told": f"Whether {second} is better than {first} cannot be told {where}",
        }[comparison.verdict]
        return (
            f"{relation} ({points(comparison.difference.value)} points, {interval_text(interval, comparison.level)}; "
            f"{p_value(comparison.p_value)}; {count(comparison.gained)} gained, {count(comparison.lost)} lost)."
        )

    def figures(self) -> Table:
        """Both models on the shared rows."""
        rows = tuple(
            (
                Quoted(name),
                f"{percent(scores.accuracy.value)} ({percent_range((scores.accuracy.low, scores.accuracy.high))})",
                _macro(decimal(scores.macro_f1), scores.macro_f1_interval, decimal),
                *(
                    []
                    if scores.multi
                    else [_macro(percent(scores.balanced_accuracy), scores.balanced_accuracy_interval, percent)]
                ),
                percent(scores.coverage),
                f"{count(scores.rows)} of {count(total)}",
            )
            for (name, scores), total in zip((self.first, self.second), self.rows, strict=True)
        )
        balanced = [] if self.first[1].multi else [">Balanced accuracy"]
        names = ("Model", ">Accuracy", ">Macro-F1", *balanced, ">Coverage", ">Of its test rows")
        return Table(columns(*names), rows)

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


def _macro(text: str, interval: Interval | None, form: Callable[[float], str]) -> str:
    return text if interval is None else f"{text} ({form(interval.low)}–{form(interval.high)})"
