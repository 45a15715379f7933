"""Schema of an inspected frame: a second check of all rows at once, independent of the line parsers."""

from __future__ import annotations

from typing import Any

import polars as pl

from fw_assets.classification.dataset.read_result import FileFacts, location
from fw_assets.classification.errors import InputError, Problem


def rows_schema() -> Any:
    """The pandera schema: types and ranges; the columns' descriptions are for the docs."""
    import pandera.polars as pa

    return pa.DataFrameSchema(
        {
            "id": pa.Column(
                pl.String, pa.Check.str_matches(r"^(train|eval):\d+$"), unique=True, description="source:row"
            ),
            "source": pa.Column(pl.String, pa.Check.isin(["train", "eval"]), description="which dataset"),
            "row": pa.Column(pl.UInt32, pa.Check.ge(1), description="1-based line number"),
            "messages": pa.Column(
                pl.String,
                pa.Check.str_matches(r"(?s)^\[\{.*\}\]$"),
                description="the chat, as a JSON array",
            ),
            "text": pa.Column(
                pl.String,
                pa.Check.str_contains(r"\S"),
                description="the input turns without the system message",
            ),
            "answer": pa.Column(pl.String, nullable=True, description="the final assistant message"),
            "ground_truth": pa.Column(pl.List(pl.String), nullable=True, description="the labels, when given"),
            "weight": pa.Column(
                pl.Float64,
                pa.Check.ge(0),
                nullable=True,
                description="factor of the row's loss; all rows or none",
            ),
            "group_key": pa.Column(pl.String, nullable=True, description="conversation or user"),
            "digest": pa.Column(pl.String, pa.Check.str_matches(r"^[0-9a-f]{16}$"), description="of the content"),
            "shape": pa.Column(
                pl.String,
                pa.Check.str_matches(r"^s?u[uat]*$"),
                description="the roles, a letter each: s, u, a, t",
            ),
            "fields": pa.Column(
                pl.List(pl.String), nullable=True, required=False, description="values of the fields of `slices`"
            ),
        },
        strict=True,
        name="rows",
    )


def check_frame(frame: pl.DataFrame, files: tuple[FileFacts, ...]) -> None:
    """Validate an inspected frame.

    Raises:
        InputError: it names file, line and field of every row that the schema refuses.
    """
    from pandera.errors import SchemaErrors

    try:
        rows_schema().validate(frame, lazy=True)
    except SchemaErrors as errors:
        problems = [_problem(frame, files, case) for case in errors.failure_cases.iter_rows(named=True)]
        raise InputError(problems, advice="Correct these rows and run again; nothing was started.") from None


def _problem(frame: pl.DataFrame, files: tuple[FileFacts, ...], case: dict[str, Any]) -> Problem:
    message = f"found {str(case['failure_case'])[:80]!r}, expected {case['check']}"
    index = case.get("index")
    if index is None:
        return Problem(kind="schema", field=case.get("column"), message=message)
    file, line = location(files, frame["row"][index], frame["source"][index])
    return Problem(kind="schema", file=file, line=line, field=case.get("column"), message=message)
