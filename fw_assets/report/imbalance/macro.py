"""Table of the figures that count every label alike, beside accuracy."""

from __future__ import annotations

from collections.abc import Iterable

from fw_assets.report.formatting import Quoted, percent
from fw_assets.report.imbalance.judged_models import JudgedModel, with_range
from fw_assets.report.table import Table, columns


def label_averages(models: Iterable[JudgedModel]) -> Table:
    """Accuracy, macro-F1 and balanced accuracy of each model and baseline, with their intervals."""
    named = list(models)
    balanced = any(model.balanced_accuracy is not None for model in named)
    rows = tuple(
        (
            model.name if model.kind == "baseline" else Quoted(model.name),
            model.kind,
            with_range(percent(model.accuracy), model.interval),
            model.macro_f1_text,
            *([model.balanced_text] if balanced else []),
        )
        for model in named
    )
    accuracy = ">Accuracy" if balanced else ">Exact sets"
    return Table(columns("Model", "", accuracy, ">Macro-F1", *([">Balanced accuracy"] if balanced else [])), rows)
