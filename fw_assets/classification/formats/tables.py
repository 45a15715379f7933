"""Table as rows of a dataset: one text and one label a row, made by expressions over whole columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from fw_assets.classification.dataset.chunk_parser import (
    EXCERPT_BYTES,
    MAX_LEFT_OUT_LISTED,
    ParseSummary,
    RejectedLine,
    system_digests,
)
from fw_assets.classification.dataset.columns import FIELDS, row_columns
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.dataset.regex_parser import NOT_BLANK, common_rows
from fw_assets.classification.dataset.row_fields import json_text
from fw_assets.classification.dataset.row_parser import GROUP_KEYS, content_digest
from fw_assets.classification.formats.column_choice import ColumnChoice
from fw_assets.classification.formats.dialect import Dialect
from fw_assets.classification.formats.label_values import BadLabel, flag_labels, label_error, label_text
from fw_assets.classification.formats.swallowed_rows import swallowed_rows

EMPTY_LABEL, EMPTY_TEXT = "empty-label", "empty-text"
ROW = "\x00row"
"""Column of the row's number in a table, a name that no table has."""


def wanted_columns(choice: ColumnChoice, names: Sequence[str], fields: Sequence[str]) -> list[str]:
    """The columns of a table that are read."""
    keys = [key for key in GROUP_KEYS if key in names]
    return list(dict.fromkeys([*choice.columns, *keys, *(name for name in fields if name in names)]))


def parse_table(
    table: pl.DataFrame,
    choice: ColumnChoice,
    source: str,
    fields: Sequence[str],
    group_field: str | None,
    dialect: Dialect | None = None,
) -> tuple[pl.DataFrame, ParseSummary]:
    """The rows (`row_columns`) of a part of a table, and the summary.

    Args:
        table: the column `ROW`, and the wanted ones.
        dialect: of delimited text, whose cells may hold other rows.
    """
    columns = [name for name in table.columns if name != ROW]
    texts = table.select(
        pl.col(ROW).cast(pl.UInt32).alias("row"),
        text_expression(choice.text).alias("text"),
        system=pl.col(choice.system).cast(pl.String) if choice.system else pl.lit(None, pl.String),
    )
    if choice.flags:
        lists, bad = flag_labels(table, choice.flags)
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, table.height)
        labels = [nothing.alias("answer"), nothing.alias("truth"), lists]
    else:
        labels, bad = _labels(table[choice.label], choice.names)
    weights, bad_weights = _weights(table, choice.weight)
    bad = {**bad_weights, **bad}
    texts = texts.with_columns(*labels, weights)
    if dialect is not None:
        bad |= swallowed_rows(table, dialect, choice.flags or (choice.label,))
    no_text = ~pl.col("text").str.contains(NOT_BLANK).fill_null(value=False)
    no_label = ~pl.col("answer").str.contains(NOT_BLANK).fill_null(value=False) & pl.col("ground_truth").is_null()
    state = texts.select(
        pl.when(no_label).then(pl.lit(EMPTY_LABEL)).when(no_text).then(pl.lit(EMPTY_TEXT)).alias("state")
    ).to_series()
    blank = table.select(pl.all_horizontal([pl.col(name).is_null() for name in columns])).to_series()
    numbers = texts["row"]
    rejected = [RejectedLine(numbers[at], _excerpt(texts["text"][at]), [error]) for at, error in sorted(bad.items())]
    is_bad = pl.Series([False], dtype=pl.Boolean).new_from_index(0, texts.height)
    is_bad = is_bad.scatter(list(bad), True) if bad else is_bad
    left_out = (state.is_not_null() & ~blank & ~is_bad).arg_true()
    kept = state.is_null() & ~is_bad
    kept_table = table.filter(kept)
    keys = _group_key(kept_table, GROUP_KEYS if group_field is None else (group_field,))
    rows = _rows(texts.filter(kept), kept_table, source, fields).with_columns(keys.alias("group_key"))
    return rows, ParseSummary(
        lines=table.height,
        rows=rows.height,
        blank=int(blank.sum()),
        weighted=rows.height - rows["weight"].null_count(),
        systems=system_digests(texts.filter(kept)["system"]),
        rejected=rejected,
        left_out=Counter(state.gather(left_out).to_list()),
        first_left_out=[
            RejectedLine(numbers[at], _excerpt(texts["text"][at]), [_left_out_error(state[at], choice)])
            for at in left_out.head(MAX_LEFT_OUT_LISTED)
        ],
    )


def text_expression(text: Sequence[tuple[str, str | None]]) -> pl.Expr:
    """The text of each row; null where every column of several is blank.

    Args:
        text: its parts, as `ColumnChoice.text`.
    """
    if len(text) == 1 and not text[0][0] and text[0][1]:
        return pl.col(text[0][1]).cast(pl.String)
    parts: list[pl.Expr] = []
    for literal, column in text:
        parts += [pl.lit(literal)] if literal else []
        parts += [pl.col(column).cast(pl.String).fill_null("")] if column else []
    filled = pl.any_horizontal([pl.col(name).cast(pl.String).str.contains(NOT_BLANK) for _, name in text if name])
    return pl.when(filled.fill_null(value=False)).then(pl.concat_str(parts).str.strip_chars())


def _labels(column: pl.Series, names: Sequence[str] | None) -> tuple[list[pl.Series], dict[int, RowError]]:
    """Columns `answer`, `truth` and `ground_truth`, and what is wrong with a label by its position."""
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(column))
    no_list = pl.Series([None], dtype=pl.List(pl.String)).new_from_index(0, len(column))
    if column.dtype in (pl.String, pl.Categorical, pl.Enum) and names is None:
        return [column.cast(pl.String).alias("answer"), nothing.alias("truth"), no_list.alias("ground_truth")], {}
    bad: dict[int, RowError] = {}
    cache: dict[Any, Any] = {}
    answers: list[str | None] = []
    truths: list[list[str] | None] = []
    for at, value in enumerate(column.to_list()):
        key = tuple(value) if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value) else value
        hashable = not isinstance(key, dict | list)
        label = cache.get(key) if hashable and key in cache else _converted(value, names)
        if hashable:
            cache[key] = label
        if isinstance(label, BadLabel):
            bad[at] = label_error(column.name, label)
            label = None
        answers.append(label if isinstance(label, str) else None)
        truths.append(label if isinstance(label, list) else None)
    answer = pl.Series("answer", answers, dtype=pl.String)
    return [answer, nothing.alias("truth"), pl.Series("ground_truth", truths, dtype=pl.List(pl.String))], bad


def _weights(table: pl.DataFrame, column: str | None) -> tuple[pl.Series, dict[int, RowError]]:
    """The column `weight`, and what is wrong with a weight by its position."""
    if column is None:
        return pl.Series("weight", [None], dtype=pl.Float64).new_from_index(0, table.height), {}
    written = table[column].cast(pl.String).str.strip_chars()
    weights = written.cast(pl.Float64, strict=False).alias("weight")
    wrong = (written.fill_null("") != "") & ~(weights.is_finite() & (weights >= 0)).fill_null(value=False)
    message = "expected a number of at least 0"
    bad = {at: RowError("row-weight", column, f"found {written[at]!r}, {message}") for at in wrong.arg_true()}
    return weights, bad


def _converted(value: Any, names: Sequence[str] | None) -> str | list[str] | BadLabel | None:
    try:
        return label_text(value, names)
    except BadLabel as error:
        return error


def _rows(texts: pl.DataFrame, table: pl.DataFrame, source: str, fields: Sequence[str]) -> pl.DataFrame:
    several = texts["ground_truth"].is_not_null()
    with_messages = texts.with_columns(messages=_messages())
    rows = common_rows(with_messages.filter(~several))
    if several.any():
        more = _several(with_messages.filter(several))
        rows = pl.concat([rows, more]).sort("row")
    rows = rows.with_columns(texts["weight"])
    extra = []
    if fields:
        values = [
            table[name] if name in table.columns else pl.Series([None], dtype=pl.Null).new_from_index(0, table.height)
            for name in fields
        ]
        lists = [[json_text(value) for value in row] for row in zip(*(v.to_list() for v in values), strict=True)]
        extra.append(pl.Series(FIELDS, lists, dtype=pl.List(pl.String)))
    row_id = pl.concat_str(pl.lit(f"{source}:"), pl.col("row").cast(pl.String))
    return rows.with_columns(*extra, id=row_id, source=pl.lit(source)).select(list(row_columns(fields)))


def _messages() -> pl.Expr:
    def turn(role: str, column: str) -> pl.Expr:
        return pl.struct(role=pl.lit(role), content=pl.col(column)).struct.json_encode()

    system = pl.when(pl.col("system").is_not_null()).then(pl.concat_str(turn("system", "system"), pl.lit(",")))
    answer = pl.when(pl.col("answer").is_not_null()).then(pl.concat_str(pl.lit(","), turn("assistant", "answer")))
    nothing = pl.lit("")
    return pl.concat_str(
        pl.lit("["), system.otherwise(nothing), turn("user", "text"), answer.otherwise(nothing), pl.lit("]")
    )


def _several(texts: pl.DataFrame) -> pl.DataFrame:
    """Rows whose labels are a list: a ground truth in place of an answer."""
    rows = common_rows(texts.with_columns(answer=pl.lit("")))
    systems = texts["system"].to_list()
    contents = [
        "\x1e".join((*(("su", system) if system is not None else ("u",)), text, "\x1d", *labels))
        for system, text, labels in zip(systems, texts["text"], texts["ground_truth"].to_list(), strict=True)
    ]
    return rows.with_columns(
        texts["ground_truth"].list.unique(maintain_order=True),
        texts["answer"],
        pl.Series("digest", [content_digest(content) for content in contents], dtype=pl.String),
        shape=pl.when(pl.col("system").is_null()).then(pl.lit("u")).otherwise(pl.lit("su")),
    )


def _group_key(table: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    keys = [
        pl.when(pl.col(key).cast(pl.String) != "").then(pl.concat_str(pl.lit(f"{key}="), pl.col(key).cast(pl.String)))
        for key in names
        if key in table.columns
    ]
    if not keys:
        return pl.Series([None], dtype=pl.String).new_from_index(0, table.height)
    return table.select(pl.coalesce(keys)).to_series()


def _left_out_error(kind: str, choice: ColumnChoice) -> RowError:
    if kind == EMPTY_LABEL:
        return RowError(kind, choice.label, "the label is empty: the row is left out")
    return RowError(kind, choice.text_columns[0], "the text is empty: the row is left out")


def _excerpt(text: str | None) -> bytes:
    return (text or "").encode("utf-8")[:EXCERPT_BYTES]
