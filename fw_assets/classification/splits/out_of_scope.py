"""Out-of-scope rows beside a dataset: divided into a validation and a test part, and what they share with its rows."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from fw_assets.classification.dataset.chat import conversation_text
from fw_assets.classification.dataset.row_parser import content_digests
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.splits.duplicates import find_groups, normalised
from fw_assets.classification.splits.split import TEST, TRAIN, VALIDATION, assign_halves
from fw_assets.classification.values import Frozen, digest

OUT_OF_SCOPE = "out-of-scope"
"""The source and the part of such rows; their id is this and their number."""
SCOPE_PART = "scope_part"
"""Column of the part by which a row is judged: validation, where thresholds are chosen, or test."""
_SHOWN = 5


class OutOfScope(Frozen):
    """What is known of the rows of an out-of-scope file.

    Attributes:
        file: its name; read_as: its format and its text, in words.
        rows, groups: those of the validation and of the test part, and how many of these are distinct.
        empty: rows without a text, which are left out.
        digest: of the rows and their parts.
        shared: rows whose text the dataset has too, case and punctuation aside, by the part that has it.
        shared_rows: ids of some of these, each with that of the dataset's row.
    """

    file: str
    read_as: str
    rows: tuple[int, int]
    groups: tuple[int, int]
    empty: int = 0
    digest: str
    shared: dict[str, int] = Field(default_factory=dict)
    shared_rows: tuple[tuple[str, str], ...] = ()


def divide_out_of_scope(
    messages: pl.Series, dataset: pl.DataFrame, file: str, read_as: str, seed: int
) -> tuple[pl.DataFrame, OutOfScope]:
    """The rows with their groups and parts.

    Args:
        messages: the conversation of each row as JSON, null where it has no text.
        dataset: `id`, `text`, `group` and `split` of the dataset's rows.

    Returns:
        A frame of the columns that split rows have, and `SCOPE_PART`; its groups are none of the dataset's.

    Raises:
        InputError: fewer than two rows differ.
    """
    empty = messages.null_count()
    given = messages.alias("messages").to_frame().with_row_index("row", offset=1).drop_nulls()
    texts = pl.Series("text", [conversation_text(row) for row in given["messages"]], dtype=pl.String)
    no_labels = pl.Series("labels", [[]] * given.height, dtype=pl.List(pl.String))
    rows = given.with_columns(
        texts,
        no_labels,
        source=pl.lit(OUT_OF_SCOPE),
        group_key=pl.lit(None, pl.String),
        digest=pl.Series(content_digests(row.encode() for row in given["messages"]), dtype=pl.String),
    )
    first_group = int(dataset["group"].max() or 0) + 1  # type: ignore[arg-type]
    if rows.is_empty():
        raise _too_few("has no row with a text", file)
    rows = rows.with_columns(pl.Series("group", find_groups(rows).final, dtype=pl.UInt32) + first_group)
    if rows["group"].n_unique() < 2:
        raise _too_few("has rows of one text alone, or nearly so", file)
    part = assign_halves(rows, seed, OUT_OF_SCOPE)
    frame = rows.select(
        pl.format(f"{OUT_OF_SCOPE}:{{}}", "row").alias("id"),
        "source",
        "row",
        "messages",
        "labels",
        "group",
        pl.lit(OUT_OF_SCOPE).alias("split"),
        "digest",
        pl.lit(None, pl.Float64).alias("weight"),
        part.alias(SCOPE_PART),
        "text",
    )
    counts = [frame.filter(pl.col(SCOPE_PART) == name) for name in (VALIDATION, TEST)]
    shared = _shared(frame, dataset)
    facts = OutOfScope(
        file=file,
        read_as=read_as,
        rows=(counts[0].height, counts[1].height),
        groups=(counts[0]["group"].n_unique(), counts[1]["group"].n_unique()),
        empty=empty,
        digest=digest(sorted(frame.select("digest", SCOPE_PART).iter_rows()), 16),
        shared=dict(shared.group_by("split", maintain_order=True).len().iter_rows()),
        shared_rows=tuple(shared.select("id", "other").head(_SHOWN).iter_rows()),
    )
    return frame.drop("text"), facts


def _too_few(what: str, file: str) -> InputError:
    message = f"{what}, expected two different ones at least: one to choose a threshold, one to judge it"
    problem = Problem(kind="too-few-rows", file=file, field="out_of_scope", message=message)
    return InputError([problem], advice="Give more texts, or leave out_of_scope out. Nothing was started.")


def _shared(frame: pl.DataFrame, dataset: pl.DataFrame) -> pl.DataFrame:
    """The out-of-scope rows whose text the dataset has, with the id and the part of its row; a training row first."""
    order = {TRAIN: 0, VALIDATION: 1, TEST: 2}
    used = dataset.filter(pl.col("split").is_in(list(order)))
    others = used.select(
        pl.col("id").alias("other"),
        "split",
        normalised(used["text"]).alias("key"),
        pl.col("split").replace_strict(order, return_dtype=pl.UInt8).alias("order"),
    )
    first = others.sort("order", maintain_order=True).unique("key", keep="first", maintain_order=True)
    keyed = frame.select("id", normalised(frame["text"]).alias("key"))
    return keyed.join(first, on="key", how="inner", maintain_order="left").sort("order", maintain_order=True)
