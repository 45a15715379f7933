"""Texts that hold other rows of their table, as a quotation mark that is not closed makes of delimited text."""

from __future__ import annotations

import re

import polars as pl

from fw_assets.classification.dataset.json_errors import RowError

MIN_SWALLOWED = 3
"""Lines within one text that end as rows do; fewer can be a list that somebody wrote."""
_MAX_LABELS = 1_000


def swallowed_rows(texts: pl.Series, labels: pl.Series, field: str) -> dict[int, RowError]:
    """What is wrong with texts of which several lines end with a delimiter and one of the labels, by position."""
    long = texts.str.count_matches("\n", literal=True).fill_null(0) >= MIN_SWALLOWED
    if not long.any():
        return {}
    known = labels.drop_nulls().unique().head(_MAX_LABELS).to_list()
    ends = "|".join(re.escape(str(label)) for label in sorted(known, key=len, reverse=True) if str(label).strip())
    if not ends:
        return {}
    row = re.compile(rf"[^\n][,;\t|][ \"]*(?:{ends})[ \"]*$", re.MULTILINE)
    found: dict[int, RowError] = {}
    for at in long.arg_true().to_list():
        text = str(texts[at])
        count = len(row.findall(text))
        if count >= MIN_SWALLOWED:
            message = (
                f"the text goes on over {text.count(chr(10)) + 1:,} lines, of which {count:,} end as rows do, expected "
                "one row; is a quotation mark not closed? Close it, or write it twice inside a quoted text"
            )
            found[at] = RowError("swallowed-rows", field, message)
    return found
