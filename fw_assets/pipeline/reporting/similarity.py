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
        models: the full name of each model, by slug and kind (`base`, `tuned`, `baseline`).
        train_rows, test_rows: sizes of the parts.
    """
    parts = list(_rows(store, dataset, "test", -(-test_rows // MAX_TEST_ROWS)))
    if not parts:
        return ()
    test = pl.concat(parts)
    train = _rows(store, dataset, "train", -(-train_rows // MAX_TRAIN_ROWS))
    compared = 0

    def batches() -> Iterator[list[str]]:
        nonlocal compared
        for rows in train:
            compared += rows.height
            yield rows["text"].to_list()

    similarity = nearest_similarity(test["text"].to_list(), batches())
    if not compared or test.is_empty():
        return ()
    groups = test["group"].to_numpy()
    results = []
    for (slug, kind), model in models.items():
        table = prediction_batches(store, dataset, slug, kind, "test", ("id", "outcome")).columns("id", "outcome")
        asked = test.select("id").join(table, on="id", how="left", maintain_order="left")["outcome"]
        correct = (asked == "correct").fill_null(False).to_numpy().astype(np.bool_)
        said = "fine-tuned" if kind == "tuned" else kind
        results.append(similarity_result(model, said, similarity, groups, correct, compared))
    return tuple(results)


def _rows(store: Workspace, dataset: str, part: str, step: int) -> Iterator[pl.DataFrame]:
    """Every `step`-th row of a part (`id`, `group`, `text`), a batch at a time; the last batch may have none."""
    seen = 0
    for batch in part_batches(store, dataset, part):
        rows = batch[(-seen) % step :: step] if step > 1 else batch
        seen += batch.height
        texts = pl.Series("text", [input_text(messages) for messages in rows["messages"]], dtype=pl.String)
        yield rows.select("id", "group", texts)
