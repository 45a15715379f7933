"""The cells of a sweep as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fw_assets.pipeline.values.tuning import Sweep
from fw_assets.report.schema.tuning import SweepCellResult


def sweep_cell_results(sweep: Sweep, evaluated: Mapping[str, float] = MappingProxyType({})) -> list[SweepCellResult]:
    """The report's row of every cell, in the order of the grid.

    Args:
        evaluated: by model, the accuracy on the validation rows as our own evaluation has it, which then counts.
    """
    return [
        SweepCellResult(
            name=item.cell.name,
            lora_rank=item.cell.lora_rank,
            learning_rate=item.cell.learning_rate,
            epochs=item.cell.epochs,
            batch_size=item.cell.batch_size,
            rows=sweep.rows,
            eval_accuracy=evaluated.get(item.model, item.eval_accuracy),
            eval_loss=item.eval_loss,
            kept_epoch=item.kept_epoch,
            chosen=item == sweep.best,
            job=item.job,
            curve=item.curve,
        )
        for item in sweep.cells
    ]
