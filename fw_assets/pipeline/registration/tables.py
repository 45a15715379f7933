"""Tables in memory as datasets: written beside what is staged, under one name for all versions of a table."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import polars as pl
from polars import selectors

from fw_assets.classification.dataset_reference import check_dataset_name
from fw_assets.classification.errors import input_error
from fw_assets.pipeline.registration.staging import STAGING_FOLDER
from fw_assets.workspace.durable import replacing
from fw_assets.workspace.workspace import Workspace

_TABLES = "tables"


def is_table(value: object) -> bool:
    """Whether a value is a table of polars, pandas, pyarrow or another library that exports Arrow's streams."""
    return isinstance(value, pl.LazyFrame) or hasattr(value, "__arrow_c_stream__") or hasattr(value, "to_dict")


def frame_of(table: Any, field: str = "dataset") -> pl.DataFrame:
    """A table as a polars frame: of polars, pandas or pyarrow, columns by name, or one mapping for each row.

    Args:
        field: that it was given as, for the error.

    Raises:
        InputError: it is none of these.
    """
    try:
        if isinstance(table, pl.LazyFrame):
            return _without_objects(table.collect())
        if hasattr(table, "to_frame"):
            table = table.to_frame()  # one column of polars or pandas
        if hasattr(table, "notna"):
            return _of_pandas(table)
        rows = isinstance(table, pl.DataFrame | Mapping | Sequence) and not isinstance(table, str | bytes | bytearray)
        if rows or hasattr(table, "__arrow_c_stream__"):
            return _without_objects(pl.DataFrame(table))
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise input_error(f"cannot be read as a table: {error}", kind="table", field=field) from None
    raise input_error(
        f"expected a table of polars, pandas or pyarrow (found {type(table).__name__})", kind="table", field=field
    )


def _of_pandas(table: Any) -> pl.DataFrame:
    """A table of pandas, which exports Arrow's streams with pyarrow alone; what is missing there is null."""
    if table.columns.nlevels > 1:
        raise ValueError("its columns have names of several levels; give each one name")
    names = [str(name) for name in table.columns]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"it has more than one column {repeated[0]!r}; leave all but one out, or rename them")
    columns = table.set_axis(names, axis=1).astype(object)
    values = columns.where(columns.notna(), None).to_dict("list")
    return _without_objects(pl.DataFrame([_series(name, values[name]) for name in names]))


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """A column, as text where its values are of several kinds, as columns of pandas may be."""
    try:
        return pl.Series(name, values)
    except (TypeError, pl.exceptions.PolarsError):
        if any(isinstance(value, Collection) and not isinstance(value, str) for value in values):
            raise ValueError(f"the column {name!r} has lists beside other values; make all of them lists") from None
        return pl.Series(name, [None if value is None else str(value) for value in values])


def _without_objects(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with sets as lists, and objects of Python, such as a UUID, as the text that they print as."""
    objects = [series for series in frame if series.dtype == pl.Object]
    return frame.with_columns(pl.Series(item.name, [_plain(item.name, value) for value in item]) for item in objects)


def _plain(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Set):
        return sorted(value, key=str)
    if all(getattr(type(value), method) is getattr(object, method) for method in ("__str__", "__repr__")):
        raise ValueError(f"the column {name!r} holds {type(value).__name__}, which no file can; leave it out")
    return str(value)


def without_categories(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with categories as text: which there are beside those of the rows is no content."""
    return frame.cast({selectors.categorical() | selectors.enum(): pl.String})


def table_file(store: Workspace, name: str, table: Any) -> Path:
    """The file of a dataset's table; one whose content is the same is left as it is.

    Args:
        name: of the dataset, of which every table is a version.

    Raises:
        InputError: it is no table, has no rows, or the name cannot be one.
    """
    check_dataset_name(name)
    return _write(_folder(store) / f"{name}.parquet", _with_rows(name, frame_of(table)))


def table_parts(store: Workspace, name: str, parts: Mapping[str, pl.DataFrame]) -> Path:
    """The folder of a dataset's table that is divided already, with a file for each of its parts.

    Args:
        parts: rows of `train`, `validation` and `test`; parts without rows have no file.

    Raises:
        InputError: no part has rows, or the name cannot be one.
    """
    check_dataset_name(name)
    filled = {part: frame for part, frame in parts.items() if not frame.is_empty()}
    _with_rows(name, *filled.values())
    folder = _folder(store) / name
    for file in folder.glob("*.parquet"):
        if file.stem not in filled:
            file.unlink()
    for part, frame in filled.items():
        _write(folder / f"{part}.parquet", frame)
    return folder


def _folder(store: Workspace) -> Path:
    return store.local(STAGING_FOLDER, _TABLES) if store.is_local else Path(".fw-tables").resolve()


def _with_rows(name: str, *frames: pl.DataFrame) -> pl.DataFrame:
    if not frames or all(frame.is_empty() for frame in frames):
        raise input_error(f"the table of {name} has no rows", kind="table", field="dataset")
    return frames[0]


def _write(file: Path, frame: pl.DataFrame) -> Path:
    content = io.BytesIO()
    without_categories(frame).rechunk().write_parquet(content)
    if not file.exists() or file.read_bytes() != content.getvalue():
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            temporary.write_bytes(content.getvalue())
    return file
