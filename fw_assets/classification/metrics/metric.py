"""Metrics: each is declared once, on the field that stores it, and read from there by scorer, report, UI and docs.

coverage: Annotated[float, Metric("coverage", ".1%", "The share of ...", lambda counts: ...)]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel


@dataclass(frozen=True)
class Metric:
    """The name, format, explanation and computation of one figure.

    Attributes:
        label: its name in running text.
        format: Python's format specification of its values: `.1%` writes 0.583 as 58.3%.
        meaning: its line in the report's glossary and in the docs.
        value: computes it from the counts that the declaring class names; None where it is undefined.
        shown: for which data the report's table and Dagster's pages show it; report.json has it in any case.
    """

    label: str
    format: str
    meaning: str
    value: Callable[[Any], float | None]
    shown: Literal["always", "single-label", "never"] = "always"

    @property
    def heading(self) -> str:
        return self.label[:1].upper() + self.label[1:]


def declared_metrics(kind: type[BaseModel]) -> dict[str, Metric]:
    """The metrics that a class declares, by field name, in the order of its fields."""
    return {
        name: annotation
        for name, field in kind.model_fields.items()
        for annotation in field.metadata
        if isinstance(annotation, Metric)
    }


def compute_metrics(kind: type[BaseModel], counts: object) -> dict[str, Any]:
    """The value of every metric that `kind` declares, by field name."""
    return {name: metric.value(counts) for name, metric in declared_metrics(kind).items()}


def shown_values(metrics: BaseModel, set_metrics: BaseModel | None) -> dict[str, tuple[Metric, float]]:
    """The metrics to show that have a value, by field name; `set_metrics` are None for single-label data."""
    hidden = {"never"} if set_metrics is None else {"never", "single-label"}
    return {
        name: (metric, value)
        for part in (metrics, set_metrics)
        if part is not None
        for name, metric in declared_metrics(type(part)).items()
        if metric.shown not in hidden and (value := getattr(part, name)) is not None
    }
