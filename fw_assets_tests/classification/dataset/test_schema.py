"""The schema of an inspected frame."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.errors import InputError
from fw_assets_tests.classification.dataset.legal_rows import LEGAL, lines, write_file


def test_schema_agrees_with_the_reader_and_names_what_breaks_it(tmp_path: Path) -> None:
    path = write_file(tmp_path, lines(*(row for row in LEGAL.values())))
    read = read_rows(path, source="train")
    check_frame(read.frame, read.files)
    broken = read.frame.with_columns(
        pl.when(pl.col("row") == 4).then(pl.lit("xyz")).otherwise("digest").alias("digest"),
        pl.when(pl.col("row") == 6).then(pl.lit(" ")).otherwise("text").alias("text"),
    )
    with pytest.raises(InputError) as raised:
        check_frame(broken, read.files)
    places = {(problem.file, problem.line, problem.field) for problem in raised.value.problems}
    assert places == {(str(path), 4, "digest"), (str(path), 6, "text")}
