"""Slicing: the slice of every test row by each field that the session names, and which slices have rows enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import PurePath

import polars as pl

from fw_assets.classification.dataset.columns import FIELDS
from fw_assets.classification.dataset.read_result import FileFacts
from fw_assets.classification.dataset.row_fields import LIST, OBJECT
from fw_assets.classification.slices.bins import ALL, MAX_BINS, bin_names, quantile_cuts
from fw_assets.classification.slices.scripts import scripts
from fw_assets.classification.slices.slice_fields import MAX_JUDGED, MIN_GROUPS, Slice, SliceField

MAX_NUMBERS = 10
"""Numbers of a field that are slices each; more are binned."""
MAX_LISTED = 200
ABSENT = "(absent)"
_Sliced = tuple[pl.Series, str, list[str] | None]
"""Name of every test row's slice, what it is of, and the order of the names if they have one."""


def slice_rows(
    frame: pl.DataFrame, names: Sequence[str], files: tuple[FileFacts, ...]
) -> tuple[pl.DataFrame, tuple[SliceField, ...]]:
    """The slices of the test rows, a column per field that has any (null in other rows), and the facts on each field.

    A field of the rows has precedence over what is computed under the same name.

    Args:
        frame: columns `source`, `row`, `text`, `shape`, `group`, `split`, and `fields` (values of `names`) if the rows
            have any.
        names: of `COMPUTED`, or of fields of the rows.
    """
    test = frame["split"] == "test"
    rows, positions = frame.filter(test), test.arg_true()
    columns: dict[str, pl.Series] = {}
    facts = []
    for position, name in enumerate(names):
        values = frame[FIELDS].list.get(position, null_on_oob=True) if FIELDS in frame.columns else None
        is_own = values is not None and values.null_count() < len(values)
        if values is not None and is_own:
            own = values.filter(test)
            nested = own.is_in([OBJECT, LIST])
            if 2 * int(nested.sum()) > len(nested) - nested.null_count():
                facts.append(SliceField(name=name, what="value", own=True, note=_nested_note(name, nested)))
                continue
            sliced = _own_slices(own, rows["group"])
        else:
            sliced = COMPUTED[name](rows, files)
        field = _field(name, sliced, is_own, rows["group"])
        facts.append(field)
        if field.slices:
            columns[name] = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(positions, sliced[0])
    return pl.DataFrame(columns), tuple(facts)


def _field(name: str, sliced: _Sliced, own: bool, groups: pl.Series) -> SliceField:
    values, what, order = sliced
    table = pl.DataFrame({"name": values, "group": groups})
    counts = table.group_by("name").agg(pl.len().alias("rows"), pl.col("group").n_unique().alias("groups"))
    ranked = counts.sort(pl.col("groups"), pl.col("name"), descending=[True, False])
    largest = ranked["groups"][0] if ranked.height else 0
    if ranked.height < 2 or largest < MIN_GROUPS:
        return SliceField(name=name, what=what, own=own, note=_nothing_note(name, what, own, ranked, table.height))
    slices = []
    for position, (value, rows, distinct) in enumerate(ranked.head(MAX_LISTED).iter_rows()):
        judged = position < MAX_JUDGED and distinct >= MIN_GROUPS
        if judged:
            judged = table.filter(pl.col("name") != value)["group"].n_unique() >= MIN_GROUPS
        slices.append(Slice(name=value, rows=rows, groups=distinct, judged=judged))
    if order is not None:
        slices.sort(key=lambda item: order.index(item.name) if item.name in order else len(order))
    absent = next((item for item in slices if own and item.name == ABSENT), None)
    note = ""
    if absent and 2 * absent.rows > table.height:
        note = f"{name} is absent from {absent.rows:,} of {table.height:,} test rows; they are a slice of their own"
    return SliceField(
        name=name, what=what, own=own, slices=tuple(slices), hidden=ranked.height - len(slices), note=note
    )


def _nothing_note(name: str, what: str, own: bool, ranked: pl.DataFrame, rows: int) -> str:
    if not ranked.height:
        return f"{name}: there is no test row"
    value = ranked["name"][0]
    if value == ALL:
        return f"{name}: {ranked['groups'][0]:,} distinct test rows are too few for two slices of {MIN_GROUPS}"
    if ranked.height == 1:
        hint = "" if own or what != "script" else "; rows with a field language of their own would be divided by that"
        return f"{name}: all {rows:,} test rows have the same {what}, {value}, so there is nothing to compare{hint}"
    return (
        f"{name} has {ranked.height:,} values in {rows:,} test rows, none of them in {MIN_GROUPS} distinct rows, so no "
        "slice can be judged"
    )


def _nested_note(name: str, nested: pl.Series) -> str:
    return (
        f"{name} is an object or a list in {int(nested.sum()):,} of {len(nested):,} test rows, so it makes no slices; "
        f"name a field within it, as in {name}.FIELD"
    )


def _own_slices(own: pl.Series, groups: pl.Series) -> _Sliced:
    """By a field of the rows, whose values are JSON texts."""
    known = own.drop_nulls().unique()
    numbers = known.cast(pl.Float64, strict=False)
    if numbers.null_count() == 0 and numbers.is_finite().all():
        values = own.cast(pl.Float64)
        whole = values.drop_nulls()
        if (whole == whole.round(0)).all() and (whole.abs() < 2**53).all():
            values = values.cast(pl.Int64)
        distinct = values.drop_nulls().unique().sort()
        if len(distinct) > MAX_NUMBERS:
            return _binned(values, groups, "number")
        texts = values.cast(pl.String)
        return texts.fill_null(ABSENT), "value", [*distinct.cast(pl.String).to_list(), ABSENT]
    plain = [str(json.loads(text)) if text.startswith('"') else text for text in known.to_list()]
    named = own.replace_strict(known.to_list(), plain, default=None, return_dtype=pl.String)
    return named.fill_null(ABSENT), "value", None


def _binned(numbers: pl.Series, groups: pl.Series, what: str) -> _Sliced:
    known = groups.filter(numbers.is_not_null()).n_unique()
    cuts = quantile_cuts(numbers, max(1, min(MAX_BINS, known // MIN_GROUPS)))
    names, order = bin_names(numbers, cuts)
    return names.fill_null(ABSENT), what, [*order, ABSENT]


def _language(rows: pl.DataFrame, files: tuple[FileFacts, ...]) -> _Sliced:
    return scripts(rows["text"]), "script", None


def _length(rows: pl.DataFrame, files: tuple[FileFacts, ...]) -> _Sliced:
    return _binned(rows["text"].str.len_chars().cast(pl.Int64), rows["group"], "number of characters")


def _turns(rows: pl.DataFrame, files: tuple[FileFacts, ...]) -> _Sliced:
    return _binned(rows["shape"].str.count_matches("u").cast(pl.Int64), rows["group"], "number of user turns")


def _source(rows: pl.DataFrame, files: tuple[FileFacts, ...]) -> _Sliced:
    paths = [PurePath(item.path_name) for item in files]
    alike = len({path.name for path in paths}) < len(paths)
    starts = pl.DataFrame(
        {
            "source": [item.source for item in files],
            "row": pl.Series([item.first_row for item in files], dtype=pl.UInt32),
            "file": ["/".join(path.parts[-2:]) if alike else path.name for path in paths],
        }
    ).sort("row")
    places = rows.select("source", "row").with_row_index().sort("row")
    return places.join_asof(starts, on="row", by="source").sort("index")["file"], "file", None


COMPUTED: dict[str, Callable[[pl.DataFrame, tuple[FileFacts, ...]], _Sliced]] = {
    "language": _language,
    "length": _length,
    "turns": _turns,
    "source": _source,
}
"""Slices of rows that have no field of that name."""
