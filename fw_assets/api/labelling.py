"""Labelling of tables in memory, by the function that labels files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.api.arguments import check_number, check_one_way, check_text
from fw_assets.api.progress import say
from fw_assets.classification.errors import input_error
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.session_input import make_session
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.label_file import label_file
from fw_assets.pipeline.prediction.label_request import LabelRequest
from fw_assets.pipeline.prediction.no_rows import label_no_rows
from fw_assets.pipeline.prediction.quote_text import quote_lines
from fw_assets.pipeline.prediction.run_log import forget_run
from fw_assets.pipeline.registration.partitioned_tables import refuse_index, whole_table
from fw_assets.pipeline.values.prediction import LabelledFile, PredictionQuote
from fw_assets.report.formatting import plural
from fw_assets.workspace.workspace import Workspace


def label_table(
    store: Workspace,
    platform: Platform,
    dataset: str,
    rows: Any,
    *,
    yes: bool = False,
    say: Callable[[str], object] = say,
    **options: Any,
) -> tuple[pl.DataFrame, LabelledFile]:
    """The rows of a table in memory with their labels, and the counts; a list of texts is a table of column `text`.

    The path of a file is that table, and tables by partition are one. A table that has columns and no rows, as of a day
    on which nothing came in, has the columns of the labels as well.

    Raises:
        As `label_to_file`.
    """
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        out, file = Path(folder) / "labelled.parquet", Path(folder) / "rows.parquet"
        if not isinstance(rows, str | os.PathLike):
            frame = _frame_of(rows, options)
            if frame.is_empty():
                return _without_rows(store, platform, dataset, frame, _wanted(str(file), out, **options))
            frame.write_parquet(file)
            rows = file
        result = label_to_file(
            store, platform, dataset, str(rows), out, yes=yes, of_the_moment=True, say=say, **options
        )
        return pl.read_parquet(out), result


def _frame_of(rows: Any, options: dict[str, Any]) -> pl.DataFrame:
    if isinstance(rows, Sequence) and rows and all(isinstance(row, str) for row in rows):
        rows = {"text": list(rows)}
        options["text_column"] = options.get("text_column") or "text"
    frame = whole_table(rows, "rows")
    refuse_index(rows, {"text_column": options.get("text_column")})
    if not frame.width:
        raise input_error("the table has no rows and no columns", kind="table", field="rows")
    return frame


def _without_rows(
    store: Workspace, platform: Platform, dataset: str, frame: pl.DataFrame, wanted: LabelRequest
) -> tuple[pl.DataFrame, LabelledFile]:
    text_column = wanted.options.text_column
    if text_column is not None and text_column not in frame.columns:
        raise input_error(
            f"the table has no column {text_column!r}; it has {', '.join(map(repr, frame.columns))}",
            field="text_column",
        )
    return label_no_rows(store, platform, dataset, frame, wanted)


def _wanted(
    file: str,
    out: Path,
    *,
    system: str | None = None,
    free: bool = False,
    cascade: bool = False,
    text_column: str | None = None,
    text_template: str | None = None,
    threshold: float | None = None,
    probabilities: bool = False,
    max_spend_usd: float | None = None,
) -> LabelRequest:
    check_number("threshold", threshold)
    check_number("max_spend_usd", max_spend_usd)
    check_text("system", system)
    check_one_way(free=free, cascade=cascade)
    columns = {"text_column": text_column, "text_template": text_template}
    named = {key: value for key, value in columns.items() if value is not None}
    make_session(named)  # the template's faults, in the words of a session
    return LabelRequest(
        file=file,
        out=out,
        options=ReadingOptions(**named),
        system=system,
        threshold=threshold,
        free=free,
        cascade=cascade,
        probabilities=probabilities,
        max_spend_usd=max_spend_usd,
    )


def label_to_file(
    store: Workspace,
    platform: Platform,
    dataset: str,
    file: str,
    out: str | os.PathLike[str],
    *,
    yes: bool = False,
    of_the_moment: bool = False,
    say: Callable[[str], object] = say,
    **options: Any,
) -> LabelledFile:
    """A file labelled into another.

    Args:
        yes: agrees to the price, as a `max_spend_usd` does that is not below it.
        of_the_moment: the output is read at once and gone; its answers are found again by the content of the file.
        say: is told the quote.
        options: system, free, cascade, text_column, text_template, threshold, probabilities and max_spend_usd, as of a
            `LabelRequest`.

    Raises:
        InputError: the file cannot be read, or an option is wrong.
        NotApproved: it may cost something, and nobody agreed.
        PhaseError, FireworksError: as `label_file`.
    """
    wanted = _wanted(file, Path(out), **options)
    quotes: list[str] = []

    def agree(quote: PredictionQuote) -> bool:
        shown = quote.model_copy(update={"file": "the table"}) if of_the_moment else quote
        quotes.extend(quote_lines(shown))
        for line in quotes:
            say(line)
        return not quote.needs_yes or yes or wanted.max_spend_usd is not None

    try:
        result = label_file(store, platform, dataset, wanted, agree)
    finally:
        if of_the_moment:
            forget_run(store, dataset, wanted)
    if result is None:
        raise NotApproved(
            f"nothing was asked, since nobody agreed to the price ({quotes[-1].strip()}): agree with `yes=True`, or up "
            "to an amount with `max_spend_usd`"
        )
    if result.unanswered:
        say(f"{plural(result.unanswered, 'row')} got no answer ({result.error}); the same call asks for these only.")
    return result
