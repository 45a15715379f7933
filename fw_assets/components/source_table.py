"""Table of an upstream asset as files of a dataset."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from fw_assets.classification.errors import input_error
from fw_assets.components.sources import Source
from fw_assets.pipeline.registration.partitioned_tables import readable, refuse_index, whole_table
from fw_assets.pipeline.registration.tables import table_file, table_parts
from fw_assets.workspace.workspace import Workspace

PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "eval": "test",
}
"""Values of a split column, and the part that each means."""


def dataset_reference(store: Workspace, name: str, source: Source, value: object) -> str:
    """The file or folder of a dataset, from what the upstream asset gave.

    Args:
        value: a table; a path; or tables by partition, where the upstream asset is partitioned.

    Raises:
        InputError: it is neither, it is paths by partition, a column is not there or of the wrong kind, or a row is
            of no part.
    """
    if isinstance(value, str | Path):
        _refuse_idle(source)
        return str(value)
    frame = whole_table(value, "dataset.asset")
    _require_columns(source, frame, value)
    if source.id is not None:
        # By the other columns too: rows of one key have no order of their own.
        with readable("dataset.id"):
            frame = frame.sort(source.id, pl.exclude(source.id), maintain_order=True)
    if source.split is None:
        return str(table_file(store, name, frame))
    return str(table_parts(store, name, _parts(frame, source.split)))


def _refuse_idle(source: Source) -> None:
    """Refuses what is done with the rows of a table, where there is the path of a file."""
    for field, way in (("split", "a folder with a file for each part"), ("id", "a file that is in order")):
        if getattr(source, field) is not None:
            raise input_error(
                "is about a table, and the asset gives a path",
                kind="table",
                field=f"dataset.{field}",
                advice=f"Return the table, or the path of {way} without this attribute.",
            )


def _require_columns(source: Source, frame: pl.DataFrame, value: object) -> None:
    text = source.text if isinstance(source.text, list) else [source.text]
    named = {"text": text, "label": [source.label], "split": [source.split], "id": [source.id]}
    named |= {"group": [source.group], "weight": [source.weight]}
    for field, columns in named.items():
        for column in columns:
            refuse_index(value, {f"dataset.{field}": column})
            if column is not None and column not in frame.columns:
                raise input_error(
                    f"the table has no column {column!r}; it has {', '.join(frame.columns)}",
                    kind="table",
                    field=f"dataset.{field}",
                )


def _parts(frame: pl.DataFrame, split: str) -> dict[str, pl.DataFrame]:
    with readable("dataset.split"):
        values = frame[split].cast(pl.String).str.strip_chars().str.to_lowercase()
    unknown = sorted({str(value) for value in values.unique().to_list()} - PARTS.keys())
    if unknown:
        known = ", ".join(dict.fromkeys(PARTS.values()))
        raise input_error(
            f"the column {split!r} has {', '.join(unknown[:5])}; a row is of {known}",
            kind="table",
            field="dataset.split",
        )
    part = values.replace_strict(PARTS)
    return {name: frame.filter(part == name).drop(split) for name in dict.fromkeys(PARTS.values())}
