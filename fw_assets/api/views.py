"""Plan and report as a notebook shows them, with their tables as frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console, RenderableType

from fw_assets.classification.plan.plan import Plan as PlanValue
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.notebook import plan_html, report_html
from fw_assets.report.rendering.outline import PYTHON_YES
from fw_assets.report.rendering.terminal import plan_view, report_view
from fw_assets.report.schema.report import Report as ReportValue

_WIDTH = 120
_BOUND = {"accuracy_low": pl.Float64, "accuracy_high": pl.Float64}


@dataclass(frozen=True, repr=False)
class Plan:
    """What will be done, under which names and at what price, before anything is spent. A notebook draws it.

    Attributes:
        value: all that the plan says.
        digest: what an approval is bound to.
    """

    value: PlanValue
    digest: str

    @property
    def dataset(self) -> str:
        return self.value.dataset

    @property
    def usd(self) -> tuple[float, float, float]:
        """Lowest, expected and highest cost in US dollars; lines without a known price are in none of them."""
        estimate = self.value.estimate
        return estimate.low, estimate.expected, estimate.high

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.value.warnings

    @property
    def labels(self) -> pl.DataFrame:
        """One row per label: its rows of each part, and half the width of the interval that its accuracy will have."""
        rows = [
            (item.label, item.train, item.validation, item.test, item.test_half_width)
            for item in self.value.label_set.counts
        ]
        schema = {
            "label": pl.String,
            **dict.fromkeys(("train", "validation", "test"), pl.Int64),
            "half_width": pl.Float64,
        }
        return pl.DataFrame(rows, schema, orient="row")

    @property
    def models(self) -> pl.DataFrame:
        """One row per candidate: its name, its parameters, and how it is asked."""
        rows = [(item.slug, item.name, item.parameter_count, item.strategy) for item in self.value.models]
        schema = {"model": pl.String, "name": pl.String, "parameters": pl.Int64, "strategy": pl.String}
        return pl.DataFrame(rows, schema, orient="row")

    @property
    def costs(self) -> pl.DataFrame:
        """One row per line of the estimate, in US dollars; null where a price is not known."""
        rows = [
            (line.key, line.stage, line.model, line.formula, *(_range(line.usd)), line.counted)
            for line in self.value.estimate.lines
        ]
        names = dict.fromkeys(("line", "stage", "model", "formula"), pl.String)
        schema = {**names, **dict.fromkeys(("low", "expected", "high"), pl.Float64), "counted": pl.Boolean}
        return pl.DataFrame(rows, schema, orient="row")

    def _repr_html_(self) -> str:
        return plan_html(self.value)

    def __repr__(self) -> str:
        return _printed(plan_view(self.value, PYTHON_YES))


@dataclass(frozen=True, repr=False)
class Report:
    """What a run came to: the answer, and every figure behind it. A notebook draws it.

    Attributes:
        value: all that report.json says.
        html: the whole report, as a file or an address; it needs nothing else.
    """

    value: ReportValue
    html: str

    @property
    def dataset(self) -> str:
        return self.value.dataset

    @property
    def answer(self) -> str:
        """The outcome in a few sentences."""
        return self.value.answer

    @property
    def status(self) -> str:
        """`complete`, `benchmark` (base models only) or `incomplete` (stopped by the ceiling)."""
        return self.value.status

    @property
    def winner(self) -> str | None:
        """The model that won on the validation rows."""
        return self.value.winner.model if self.value.winner else None

    @property
    def decision(self) -> str:
        """What the gate decided: `deployed`, `keep-base`, `keep-none`, `not-asked` or `incomplete`."""
        return self.value.deployment.decision

    @property
    def models(self) -> pl.DataFrame:
        """One row per measured model: accuracy on the test rows with its 95 % interval, and further figures."""
        rows = [
            {
                "model": candidate.model.rsplit("/", 1)[-1],
                "kind": self.value.kind_of(candidate.model.rsplit("/", 1)[-1], kind),
                "rows": result.rows,
                "accuracy": result.accuracy,
                "accuracy_low": result.interval[0],
                "accuracy_high": result.interval[1],
                "macro_f1": result.macro_f1,
                "coverage": result.coverage,
                "finalist": candidate.finalist,
            }
            for candidate, kind, result in self._results()
        ]
        schema: dict[str, Any] = {"model": pl.String, "kind": pl.String, "rows": pl.Int64, "accuracy": pl.Float64}
        schema |= {**_BOUND, "macro_f1": pl.Float64, "coverage": pl.Float64, "finalist": pl.Boolean}
        return pl.DataFrame(rows, schema)

    @property
    def labels(self) -> pl.DataFrame:
        """One row per measured model and label: its test rows, and how they were answered."""
        rows = [
            {
                "model": candidate.model.rsplit("/", 1)[-1],
                "kind": self.value.kind_of(candidate.model.rsplit("/", 1)[-1], kind),
                "label": label,
                "rows": item.support,
                "accuracy": item.accuracy,
                "accuracy_low": item.interval[0] if item.interval else None,
                "accuracy_high": item.interval[1] if item.interval else None,
                "precision": item.precision,
                "f1": item.f1,
            }
            for candidate, kind, result in self._results()
            for label, item in result.per_label.items()
        ]
        schema: dict[str, Any] = {"model": pl.String, "kind": pl.String, "label": pl.String, "rows": pl.Int64}
        schema |= {"accuracy": pl.Float64, **_BOUND, "precision": pl.Float64, "f1": pl.Float64}
        return pl.DataFrame(rows, schema)

    @property
    def costs(self) -> pl.DataFrame:
        """One row per line of the bill, in US dollars; null where it is not known."""
        rows = [
            (item.line, item.stage, item.model, item.estimated_usd, item.actual_usd) for item in self.value.cost.lines
        ]
        names = dict.fromkeys(("line", "stage", "model"), pl.String)
        return pl.DataFrame(rows, {**names, "estimated": pl.Float64, "actual": pl.Float64}, orient="row")

    def _results(self) -> list[tuple[Any, str, Any]]:
        return [
            (candidate, kind, result)
            for candidate in self.value.candidates
            for kind, result in (("base", candidate.base), ("tuned", candidate.tuned))
            if result is not None
        ]

    def save(self, path: str | Path) -> Path:
        """Write the whole HTML report to a file."""
        target = Path(path)
        target.write_text(render_html(self.value), "utf-8")
        return target

    def _repr_html_(self) -> str:
        return report_html(self.value)

    def __repr__(self) -> str:
        return _printed(report_view(self.value))


def _range(usd: Any) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if usd is None else (usd.low, usd.expected, usd.high)


def _printed(view: RenderableType) -> str:
    console = Console(width=_WIDTH, color_system=None, force_jupyter=False, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get().rstrip()
