"""The rows of lines of the usual form, by one regular expression in polars: no Python object a line but its digest.

The usual form is what `json.dumps` writes of a user's and an assistant's text, perhaps after a system message and
perhaps with one ground truth, with or without spaces. A line that the expression matches as a whole is JSON and has
no other field; every other line is for `row_blocks`.
"""

from __future__ import annotations

import re

import msgspec
import polars as pl

from fw_assets.classification.dataset.block_parser import digests
from fw_assets.classification.dataset.columns import FRAME

_TEXT = r'(?P<{}>(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}))*)'
_TURN = r'{}", ?"content": ?"' + _TEXT + r'"\}}'
COMMON_ROW = "".join(
    (
        r'^\{"messages": ?\[\{"role": ?"(?:',
        _TURN.format("system", "system"),
        r', ?\{"role": ?")?',
        _TURN.format("user", "text"),
        r', ?\{"role": ?"',
        _TURN.format("assistant", "answer"),
        r'\](?:, ?"ground_truth": ?"',
        _TEXT.format("truth"),
        r'")?\}\r?$',
    )
)
# What Python and Rust both take for more than space.
_SAYS_SOMETHING = r"[^\s\x1c-\x1f]"
_SAMPLE = 20

_one_line = re.compile(COMMON_ROW.encode("ascii"))
_texts_decoder = msgspec.json.Decoder(list[str])


def mostly_common(lines: list[bytes]) -> bool:
    """Whether at least half of a few of the lines are of the usual form."""
    some = lines[:: max(1, len(lines) // _SAMPLE)]
    return 2 * sum(_one_line.match(line) is not None for line in some) >= len(some)


def match_rows(first: int, lines: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The rows among lines (String) of the usual form, and for each line whether it is one (Boolean).

    Args:
        first: the `row` of the first line.

    Raises:
        msgspec.DecodeError: a text has an escape that stands for no character.
    """
    found = lines.str.extract_groups(COMMON_ROW).struct.unnest()
    written = found.with_columns(messages=_messages(), row=pl.int_range(first, first + len(lines), dtype=pl.UInt32))
    read = written.with_columns(_unescaped(found[name]) for name in found.columns)
    stated = pl.coalesce("truth", "answer")
    says = pl.col("text").str.contains(_SAYS_SOMETHING) & stated.str.contains(_SAYS_SOMETHING)
    usual = read.select(says.fill_null(value=False)).to_series()
    truth, system = pl.col("truth"), pl.col("system")
    rows = read.filter(usual).with_columns(
        ground_truth=pl.when(truth.is_not_null()).then(pl.concat_list(truth)),
        weight=pl.lit(None, pl.Float64),
        group_key=pl.lit(None, pl.String),
        shape=pl.when(system.is_null()).then(pl.lit("ua")).otherwise(pl.lit("sua")),
        digest=pl.concat_str(
            pl.coalesce(pl.concat_str(pl.lit("sua\x1e"), system), pl.lit("ua")),
            pl.lit("\x1e"),
            "text",
            pl.lit("\x1e\x1d\x1e"),
            pl.coalesce(truth, pl.concat_str(pl.lit("\x1d\x1e"), "answer")),
        ),
    )
    rows = rows.with_columns(pl.Series("digest", digests(rows["digest"].to_list()), pl.String))
    return rows.select(list(FRAME)), usual


def _messages() -> pl.Expr:
    """The compact JSON of the messages, texts as they were written."""
    turns = (pl.lit(f'{{"role":"{role}","content":"') for role in ("system", "user", "assistant"))
    system, user, assistant = turns
    begun = pl.coalesce(pl.concat_str(system, "system", pl.lit('"},')), pl.lit(""))
    return pl.concat_str(pl.lit("["), begun, user, "text", pl.lit('"},'), assistant, "answer", pl.lit('"}]'))


def _unescaped(texts: pl.Series) -> pl.Series:
    escaped = texts.str.contains("\\", literal=True).fill_null(value=False)
    if not escaped.any():
        return texts
    listing = '["' + '","'.join(texts.filter(escaped).to_list()) + '"]'
    return texts.scatter(escaped.arg_true(), _texts_decoder.decode(listing.encode("utf-8")))
