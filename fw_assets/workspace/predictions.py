"""Stored predictions of every model on every part: their paths and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from fw_assets.classification.prompting.outcomes import OUTCOMES
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.workspace import Workspace

PARTS: tuple[Literal["validation", "test"], ...] = ("validation", "test")
"""The parts that every model answers."""
CONFIDENCE_COLUMNS = ("outcome", "confidence", "group")
_CATEGORIES = {
    "gold": pl.List(pl.Categorical),
    "predicted": pl.List(pl.Categorical),
    "outcome": pl.Enum(OUTCOMES),
    "lenient_outcome": pl.Enum(OUTCOMES),
}


def prediction_path(dataset: str, slug: str, kind: str, part: str) -> tuple[str, ...]:
    """The path of a model's predictions for a part."""
    return (dataset, "predictions", f"{slug}-{kind}-{part}.parquet")


def encoder_path(dataset: str) -> tuple[str, ...]:
    """The path of the regression on sentence embeddings, which answers as it was scored."""
    return (dataset, "free_models", "encoder.parquet")


def predictions(
    store: Workspace, dataset: str, slug: str, kind: str, part: str, columns: Sequence[str] = COMPARED_COLUMNS
) -> pl.DataFrame:
    """Columns of stored predictions (schema PREDICTIONS), with labels and outcomes as categories to save memory.

    Raises:
        FileNotFoundError: this model has no predictions for this part.
    """
    frame = store.scan_frame(*prediction_path(dataset, slug, kind, part))
    return frame.select(
        pl.col(name).cast(_CATEGORIES[name]) if name in _CATEGORIES else name for name in columns
    ).collect()


def prediction_batches(
    store: Workspace, dataset: str, slug: str, kind: str, part: str, columns: Sequence[str] = COMPARED_COLUMNS
) -> Batches:
    """Columns of stored predictions as they are, in batches.

    Raises:
        FileNotFoundError: this model has no predictions for this part.
    """
    return Batches(store.scan_frame(*prediction_path(dataset, slug, kind, part)).select(columns))
