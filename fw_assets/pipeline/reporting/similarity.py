"""Accuracy of the evaluated models by similarity of the test rows to their nearest training row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.splits.nearest import nearest_similarity
from fw_assets.report.assembly.similarity import similarity_result
from fw_assets.report.schema.similarity import SimilarityResult
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

MAX_TEST_ROWS = 2_000
MAX_TRAIN_ROWS = 100_000
"""Of more rows, every second, third, ... is taken: twins are rows of their own, so a sample has its share of them."""


def similarity_results(
    store: Workspace, dataset: str, models: Mapping[tuple[str, str], str], train_rows: int, test_rows: int
) -> tuple[SimilarityResult, ...]:
    """One result per model.

    Args:
        models: the full name of each model, by slug and kind (`base`, `tuned`).
        train_rows, test_rows: sizes of the parts.
    """
    test = list(_texts(store, dataset, "test", -(-test_rows // MAX_TEST_ROWS)))
    train = _texts(store, dataset, "train", -(-train_rows // MAX_TRAIN_ROWS))
    compared = 0

    def batches() -> Iterator[list[str]]:
        nonlocal compared
        for _, texts in train:
            compared += len(texts)
            yield texts

    ids = [row_id for batch, _ in test for row_id in batch]
    similarity = nearest_similarity([text for _, texts in test for text in texts], batches())
    if not compared or not ids:
        return ()
    results = []
    for (slug, kind), model in models.items():
        table = prediction_batches(store, dataset, slug, kind, "test", ("id", "outcome")).columns("id", "outcome")
        asked = pl.DataFrame({"id": ids}).join(table, on="id", how="left", maintain_order="left")["outcome"]
        correct = (asked == "correct").fill_null(False).to_numpy().astype(np.bool_)
        said = "fine-tuned" if kind == "tuned" else kind
        results.append(similarity_result(model, said, similarity, correct, compared))
    return tuple(results)


def _texts(store: Workspace, dataset: str, part: str, step: int) -> Iterator[tuple[list[str], list[str]]]:
    """Ids and texts of every `step`-th row of a part, a batch at a time."""
    seen = 0
    for batch in part_batches(store, dataset, part):
        rows = batch[(-seen) % step :: step] if step > 1 else batch
        seen += batch.height
        yield rows["id"].to_list(), [input_text(messages) for messages in rows["messages"]]
