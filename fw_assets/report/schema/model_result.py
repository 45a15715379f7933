"""One model on the test rows in report.json."""

from __future__ import annotations

from fw_assets.classification.metrics.label_metrics import LabelMetrics
from fw_assets.classification.metrics.multilabel_scores import SetMetrics
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.confidence import ConfidenceResult, NullControl, OrderResult, UnconstrainedResult
from fw_assets.report.schema.confused_cells import ConfusedCell


class LabelResult(Frozen):
    """One label on the test rows. `accuracy` is the share of its rows that were given it (its recall).

    `groups`: distinct rows of the label.
    """

    accuracy: float | None
    support: int
    interval: Bounds | None = None
    predicted: int = 0
    precision: float | None = None
    f1: float | None = None
    groups: int | None = None
    precision_interval: Bounds | None = None


class ConfusionCount(Frozen):
    """How often rows of `gold` were answered with `predicted`; null is "no valid label"."""

    gold: str
    predicted: str | None
    count: int


class _ModelRows(Frozen):
    model: str
    accuracy: float
    interval: Bounds
    per_label: dict[str, LabelResult]
    outcomes: dict[str, int]
    rows: int
    complete: bool = True


class ModelResult(LabelMetrics, _ModelRows):
    """One model on the test rows, `groups` of which are distinct.

    For multi-label data `accuracy` is the share of rows with the exact set.
    """

    # report.json's order of fields: those of the last base first, then the metrics, then these.
    labels_without_rows: tuple[str, ...] = ()
    confusion: tuple[ConfusionCount, ...] = ()
    most_confused: tuple[ConfusionCount, ...] = ()
    multi_label: SetMetrics | None = None
    confidence: ConfidenceResult | None = None
    free: UnconstrainedResult | None = None
    null_control: NullControl | None = None
    order: OrderResult | None = None
    """Of decisions alone."""
    groups: int | None = None
    macro_f1_interval: Bounds | None = None
    balanced_accuracy_interval: Bounds | None = None
    cells: tuple[ConfusedCell, ...] = ()
    """Cells of the confusion matrix with rows behind them; empty in older reports. Where rows may have several labels
    `confusion` is empty, and these are all cells.
    """
