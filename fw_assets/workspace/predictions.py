"""The predictions that are kept of every model on every part: where they lie, and their columns."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fw_assets.classification.prompting.answer_parser import OUTCOMES
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.workspace import Workspace

CONFIDENT = ("outcome", "confidence")
_NARROW = {
    "gold": pl.List(pl.Categorical),
    "predicted": pl.List(pl.Categorical),
    "outcome": pl.Enum(OUTCOMES),
    "lenient_outcome": pl.Enum(OUTCOMES),
}


def prediction_path(dataset: str, slug: str, kind: str, part: str) -> tuple[str, ...]:
    """Where the predictions of a model on a part lie in the workspace."""
    return (dataset, "predictions", f"{slug}-{kind}-{part}.parquet")


def predictions(
    store: Workspace, dataset: str, slug: str, kind: str, part: str, columns: Sequence[str] = COMPARED_COLUMNS
) -> pl.DataFrame:
    """Columns of the kept predictions (schema PREDICTIONS), labels and outcomes as categories.

    Raises:
        FileNotFoundError: this model was not asked for this part.
    """
    frame = store.scan_frame(*prediction_path(dataset, slug, kind, part))
    return frame.select(pl.col(name).cast(_NARROW[name]) if name in _NARROW else name for name in columns).collect()


def prediction_batches(
    store: Workspace, dataset: str, slug: str, kind: str, part: str, columns: Sequence[str] = COMPARED_COLUMNS
) -> Batches:
    """Columns of the kept predictions as they are, a slice at a time.

    Raises:
        FileNotFoundError: this model was not asked for this part.
    """
    return Batches(store.scan_frame(*prediction_path(dataset, slug, kind, part)).select(columns))
