"""Output table: frames of rows written one after the other, in the format that the file's ending names."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.errors import InputError, Problem

ENDINGS = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc")
SEPARATOR = "|"
"""Between the labels of a row where a cell holds all of them."""


def check_ending(path: Path) -> None:
    """Refuse a file whose ending names no format that is written.

    Raises:
        InputError: it names none.
    """
    if path.suffix.lower() not in ENDINGS:
        message = f"its ending names no format that is written; use one of {', '.join(ENDINGS)}"
        raise InputError([Problem(kind="file-type", file=str(path), message=message)], advice="Nothing was asked.")


def write_output(target: Path, suffix: str, frames: Iterable[pl.DataFrame], json_columns: Collection[str]) -> None:
    """Write frames of equal columns, of which there is one at least.

    Args:
        suffix: names the format.
        json_columns: hold JSON as text, which is JSON in JSONL; elsewhere a text among them is written as it is.
    """
    suffix = suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        with target.open("wb") as sink:
            for frame in frames:
                sink.write(_lines(frame, json_columns))
        return
    frames = (frame.with_columns(_plain_texts(frame[name]) for name in json_columns) for frame in frames)
    if suffix in (".csv", ".tsv"):
        with target.open("wb") as sink:
            for number, frame in enumerate(frames):
                cells = frame.select(_cell(column) for column in frame.iter_columns())
                cells.write_csv(sink, separator="\t" if suffix == ".tsv" else ",", include_header=number == 0)
    else:
        _write_parts(target, suffix, frames)


def _write_parts(target: Path, suffix: str, frames: Iterable[pl.DataFrame]) -> None:
    folder = target.with_name(f"{target.name}.parts")
    folder.mkdir()
    files = list[Path]()
    try:
        for number, frame in enumerate(frames):
            files.append(folder / f"{number:06d}.parquet")
            frame.write_parquet(files[-1], compression="lz4", statistics=False)
        parts = pl.scan_parquet(files, glob=False)
        if suffix in (".parquet", ".pq"):
            parts.sink_parquet(target)
        else:
            parts.sink_ipc(target)
    finally:
        for file in files:
            file.unlink(missing_ok=True)
        folder.rmdir()


def _plain_texts(column: pl.Series) -> pl.Series:
    values = [json.loads(value) if value and value.startswith('"') else value for value in column]
    return pl.Series(column.name, values, dtype=pl.String)


def _cell(column: pl.Series) -> pl.Series:
    """A column whose values fit into one cell each: labels with `SEPARATOR` between them, all else nested as JSON."""
    if column.dtype == pl.List(pl.String):
        return column.list.join(SEPARATOR)
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        values = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in column.to_list()
        ]
        return pl.Series(column.name, values, dtype=pl.String)
    return column


def _lines(frame: pl.DataFrame, json_columns: Collection[str]) -> bytes:
    held = [name for name in frame.columns if name in json_columns]
    if not held:
        sink = io.BytesIO()
        frame.write_ndjson(sink)
        return sink.getvalue()
    parts: list[Sequence[Any]] = []
    for name in frame.columns:
        key = json.dumps(name, ensure_ascii=False)
        written = frame[name] if name in held else _as_json(frame[name])
        parts.append([f"{key}:{value or 'null'}" for value in written])
    return "".join("{" + ",".join(row) + "}\n" for row in zip(*parts, strict=True)).encode("utf-8", "replace")


def _as_json(column: pl.Series) -> list[str]:
    """The values of a column as JSON, by the rules of `write_ndjson`."""
    sink = io.BytesIO()
    column.alias("v").to_frame().write_ndjson(sink)
    return [line[len('{"v":') : -1] for line in sink.getvalue().decode().splitlines() if line]


def free_name(name: str, taken: Collection[str]) -> str:
    """A name of a new column beside those that are taken: itself, or with `predicted_` before it, or numbered."""
    candidates = itertools.chain((name, f"predicted_{name}"), (f"predicted_{name}_{n}" for n in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)
