"""Table of the figures that count every label alike, beside accuracy."""

from __future__ import annotations

from collections.abc import Iterable

from fw_assets.report.formatting import Quoted, percent
from fw_assets.report.imbalance.judged_models import JudgedModel
from fw_assets.report.table import Table, columns


def label_averages(models: Iterable[JudgedModel]) -> Table:
    """Macro-F1, balanced accuracy and cost of mistakes of each model and baseline, with intervals, beside accuracy."""
    named = list(models)
    balanced = any(model.balanced_accuracy is not None for model in named)
    costed = any(model.mistakes is not None for model in named)
    rows = tuple(
        (
            model.name if model.kind == "baseline" else Quoted(model.name),
            model.kind,
            percent(model.accuracy),
            model.macro_f1_text,
            *([model.balanced_text] if balanced else []),
            *([model.mistakes_text] if costed else []),
        )
        for model in named
    )
    accuracy = ">Accuracy" if balanced else ">Exact sets"
    more = ([">Balanced accuracy"] if balanced else []) + ([">Cost of 1,000 rows"] if costed else [])
    return Table(columns("Model", "", accuracy, ">Macro-F1", *more), rows)
