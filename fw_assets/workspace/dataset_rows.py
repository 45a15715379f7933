"""Rows of a dataset in the workspace: as they were read, and with the part (train, validation, test) of each."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.dataset.read_result import RejectedRow, rejected_jsonl
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE, SCOPE_PART
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.workspace import Workspace

REJECTED_ROWS = "rejected_rows.jsonl"
SLICES = "slices"
"""Column of the rows with their parts: the row's slice by each field of the session's `slices`; there if any has."""


def inspected_rows_path(dataset: str) -> tuple[str, ...]:
    """The folder of the rows as they were read, for `frames.row_folder` and `frames.scan_rows`."""
    return (dataset, "assets", "inspected_dataset.rows")


def split_rows_path(dataset: str) -> tuple[str, ...]:
    """The file of the rows with their labels and parts (schema SPLIT)."""
    return (dataset, "assets", "label_set.parquet")


def asked_rows(store: Workspace, dataset: str, labels: LabelSet) -> pl.DataFrame:
    """All split rows, and those that belong to no label as a part of their own."""
    rows = store.read_frame(*split_rows_path(dataset))
    if labels.out_of_scope is None:
        return rows
    others = store.read_frame(*out_of_scope_path(dataset)).cast({"group": rows.schema["group"]})
    return pl.concat([rows, others.drop(SCOPE_PART)], how="diagonal_relaxed")


def example_paths(dataset: str, digest: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files of examples with a digest: the training rows, and which of them stand before each other row."""
    return (dataset, "examples", f"{digest}-training.parquet"), (dataset, "examples", f"{digest}-rows.parquet")


def shortlist_paths(dataset: str, digest: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The frames of a plan's shortlists: a vector for each label, and the nearest labels of each row."""
    return (dataset, "shortlists", f"{digest}-labels.parquet"), (dataset, "shortlists", f"{digest}-rows.parquet")


def split_rows(store: Workspace, dataset: str, part: str | None = None) -> pl.LazyFrame:
    """The rows of a part, or of all."""
    frame = store.scan_frame(*split_rows_path(dataset))
    return frame if part is None else frame.filter(pl.col("split") == part)


def out_of_scope_path(dataset: str) -> tuple[str, ...]:
    """The file of the rows that belong to no label, with `SCOPE_PART` beside the columns of split rows."""
    return (dataset, "assets", "label_set.out_of_scope.parquet")


def part_batches(store: Workspace, dataset: str, part: str) -> Batches:
    """The rows of a part, a batch at a time."""
    if part == OUT_OF_SCOPE:
        return Batches(store.scan_frame(*out_of_scope_path(dataset)))
    return Batches(split_rows(store, dataset), pl.col("split") == part)


def write_rejected_rows(store: Workspace, dataset: str, rejected: tuple[RejectedRow, ...]) -> None:
    """Store the rejected rows; an empty file replaces one that an earlier state of the data left behind."""
    if rejected or store.read_text(dataset, REJECTED_ROWS):
        store.write_text("".join(f"{line}\n" for line in rejected_jsonl(rejected)), dataset, REJECTED_ROWS)


def may_be_empty(store: Workspace, dataset: str) -> bool:
    """Whether a row may have no label: some training rows have none."""
    empty = split_rows(store, dataset, "train").filter(pl.col("labels").list.len() == 0)
    return bool(empty.head(1).collect().height)
