"""Comparison of any two evaluated models on the test rows that they share, whichever their datasets."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import polars as pl

from fw_assets.classification.errors import input_error
from fw_assets.classification.metrics.scores import Scores, score
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.pipeline.reporting.evaluated_models import EvaluatedModel
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import predictions
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class ModelPair:
    """The second model compared with the first.

    Attributes:
        first_scores: on the shared rows, as all the others are.
        rows: the test rows of each, shared or not.
    """

    first: EvaluatedModel
    second: EvaluatedModel
    first_scores: Scores
    second_scores: Scores
    comparison: Comparison
    rows: tuple[int, int]


class _LabelSet(msgspec.Struct):
    labels: tuple[str, ...]
    multi_label: bool = False


def compare_models(store: Workspace, first: EvaluatedModel, second: EvaluatedModel) -> ModelPair:
    """Compare two models on the rows that both were tested on, matched by content.

    Raises:
        InputError: they share no test row, or the shared rows have other labels in the other dataset.
    """
    first_labels, second_labels = (
        store.require_fields("label_set", model.dataset, _LabelSet) for model in (first, second)
    )
    multi_label = first_labels.multi_label
    if multi_label != second_labels.multi_label:
        raise input_error(f"{first} and {second} cannot be compared: only one of them may give several labels a row")
    first_rows, second_rows = (_by_content(store, model) for model in (first, second))
    shared = first_rows.select("id").join(second_rows.select("id"), on="id", how="inner")
    if not shared.height:
        raise input_error(f"{first} and {second} share no test row, so there is nothing to compare them on")
    one, two = (rows.join(shared, on="id", how="semi").sort("id") for rows in (first_rows, second_rows))
    labels = tuple(dict.fromkeys([*first_labels.labels, *second_labels.labels]))
    try:
        comparison = compare(one, two, labels=labels)
    except ValueError as error:
        raise input_error(f"{first} and {second} cannot be compared: {error}") from None
    return ModelPair(
        first=first,
        second=second,
        first_scores=score(one, labels, multi_label),
        second_scores=score(two, labels, multi_label),
        comparison=comparison,
        rows=(first_rows.height, second_rows.height),
    )


def _by_content(store: Workspace, model: EvaluatedModel) -> pl.DataFrame:
    """The test predictions with the rows' content digest as `id`; of equal rows the first."""
    columns = (*COMPARED_COLUMNS, "lenient_outcome")
    by_row = predictions(store, model.dataset, model.slug, model.kind, "test", columns)
    digests = split_rows(store, model.dataset).select("id", "digest").collect()
    joined = by_row.join(digests, on="id", how="left", maintain_order="left")
    return joined.with_columns(id="digest").drop("digest").unique("id", keep="first", maintain_order=True)
