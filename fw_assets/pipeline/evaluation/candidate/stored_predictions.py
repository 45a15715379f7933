"""Predictions that are scored while they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from fw_assets.classification.metrics.scores import SCORED_COLUMNS, Scores, Tally
from fw_assets.workspace.batches import write_batches
from fw_assets.workspace.workspace import Workspace


def store_unscored(store: Workspace, path: Sequence[str], predictions: Iterable[pl.DataFrame]) -> int:
    """Store predictions batch by batch; how many have no answer."""
    failed = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal failed
        for batch in predictions:
            failed += int((batch["outcome"] == "failed").sum())
            yield batch

    write_batches(store, counted(), *path)
    return failed


def store_and_score(
    store: Workspace,
    path: Sequence[str],
    predictions: Iterable[pl.DataFrame],
    labels: Sequence[str],
    multi_label: bool,
) -> Scores:
    """Store predictions batch by batch, and score them on the way.

    Args:
        path: of the predictions in the workspace (`prediction_path`).
    """
    tally = Tally(labels, multi_label)

    def counted() -> Iterator[pl.DataFrame]:
        for batch in predictions:
            tally.add(batch.select(SCORED_COLUMNS))
            yield batch

    write_batches(store, counted(), *path)
    return tally.scores()
