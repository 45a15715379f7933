"""Vectorised parser of common rows: one regular expression in polars, no Python object per line but the digest.

A common row is what `json.dumps` writes of a user's and an assistant's text, perhaps after a system message and perhaps
with one ground truth, with or without spaces. A line that the expression matches as a whole is valid JSON and has no
other field; every other line is for `row_parser`.
"""

from __future__ import annotations

import msgspec
import polars as pl

from fw_assets.classification.dataset.columns import PARSED_COLUMNS
from fw_assets.classification.dataset.row_parser import content_digests

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
# White space to Python's `str.strip` as well: to Rust, U+001C to U+001F are none.
NOT_BLANK = r"[^\s\x1c-\x1f]"
_SAMPLE_LINES = 20

_texts_decoder = msgspec.json.Decoder(list[str])


def mostly_common(lines: pl.Series) -> bool:
    """Whether at least half of a sample of the lines (String) are common rows."""
    sample = lines.gather_every(max(1, len(lines) // _SAMPLE_LINES))
    return 2 * int(sample.str.contains(COMMON_ROW).sum()) >= len(sample)


def match_rows(first_row: int, lines: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The common rows among lines (String), and for each line whether it is one (Boolean).

    Args:
        first_row: the `row` of the first line.

    Raises:
        msgspec.DecodeError: a text has an escape that stands for no character.
    """
    groups = lines.str.extract_groups(COMMON_ROW).struct.unnest()
    numbers = pl.int_range(first_row, first_row + len(lines), dtype=pl.UInt32)
    escaped = groups.with_columns(messages=_messages(), row=numbers)
    texts = escaped.with_columns(_unescape(groups[name]) for name in groups.columns)
    complete = pl.col("text").str.contains(NOT_BLANK) & pl.coalesce("truth", "answer").str.contains(NOT_BLANK)
    common = texts.select(complete.fill_null(value=False)).to_series()
    return common_rows(texts.filter(common)), common


def common_rows(texts: pl.DataFrame) -> pl.DataFrame:
    """The rows (`PARSED_COLUMNS`) of common ones.

    Args:
        texts: columns `row`, `messages`, `system`, `text`, `answer` and `truth`.
    """
    truth, system = pl.col("truth"), pl.col("system")
    rows = texts.with_columns(
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
    rows = rows.with_columns(pl.Series("digest", content_digests(rows["digest"].cast(pl.Binary).to_list()), pl.String))
    return rows.select(list(PARSED_COLUMNS))


def _messages() -> pl.Expr:
    """The compact JSON of the messages, texts as they were written."""
    system, user, assistant = (pl.lit(f'{{"role":"{role}","content":"') for role in ("system", "user", "assistant"))
    system_turn = pl.coalesce(pl.concat_str(system, "system", pl.lit('"},')), pl.lit(""))
    return pl.concat_str(pl.lit("["), system_turn, user, "text", pl.lit('"},'), assistant, "answer", pl.lit('"}]'))


def _unescape(texts: pl.Series) -> pl.Series:
    has_escape = texts.str.contains("\\", literal=True).fill_null(value=False)
    if not has_escape.any():
        return texts
    json_list = '["' + '","'.join(texts.filter(has_escape).to_list()) + '"]'
    return texts.scatter(has_escape.arg_true(), _texts_decoder.decode(json_list.encode("utf-8")))
