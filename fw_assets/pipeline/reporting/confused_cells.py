"""Cells of a model's confusion matrix on the test rows, with texts of rows behind them."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.metrics.confused_cells import CELL_COLUMNS, CellCounter
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.assembly.confused_cells import cell_results
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.schema.confused_cells import ConfusedCell
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def confused_cells(store: Workspace, plan: Plan, model: Model, rows: Batches) -> tuple[ConfusedCell, ...]:
    """The cells of a model.

    Args:
        rows: the test rows, for their texts.
    """
    counter = CellCounter(plan.label_set.multi_label)
    for batch in prediction_batches(store, plan.dataset, *model, "test", CELL_COLUMNS):
        counter.add(batch)
    chosen = counter.rows()
    ids = pl.Series([row.id for cell in chosen.values() for row in cell], dtype=pl.String).unique()
    texts = {
        row_id: input_text(messages)
        for row_id, messages in rows.rows_with_ids(ids).select("id", "messages").iter_rows()
    }
    return cell_results(counter.counts, chosen, texts, every=plan.label_set.multi_label)
