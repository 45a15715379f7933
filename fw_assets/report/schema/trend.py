"""Trend in report.json: what reports of the same dataset said, this one last."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds


class TrendPoint(Frozen):
    """One report: the model that stayed in use after it, and its share of the test rows right.

    Attributes:
        at: when the report was made, ISO 8601.
        test_digest: of the test rows; figures of other rows are no trend.
        model: its short name (of its base, where it is fine-tuned).
        exact_sets: whether a row counts as right with exactly its set of labels alone.
    """

    plan: str
    at: str
    test_digest: str
    model: str
    kind: Literal["base", "tuned"]
    accuracy: float
    interval: Bounds
    rows: int
    decision: str = ""
    exact_sets: bool = False


class Trend(Frozen):
    """Reports by date. `unknown`: plans of the dataset whose figures an earlier version showed and did not keep."""

    points: tuple[TrendPoint, ...]
    unknown: int = 0
