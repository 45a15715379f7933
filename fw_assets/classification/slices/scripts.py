"""Script of a text: the writing system that has more of its letters than any other, which tells Greek from Thai, not
French from Dutch."""

from __future__ import annotations

import polars as pl

SCRIPTS = (
    *("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hangul", "Thai", "Devanagari", "Bengali", "Tamil"),
    *("Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Sinhala", "Georgian", "Armenian", "Ethiopic"),
    *("Khmer", "Lao", "Myanmar", "Tibetan", "Mongolian"),
)
"""Unicode scripts by name. Hiragana and Katakana are told apart as Japanese, whose texts have Han letters as well."""
KANA = "Japanese"
OTHER, NONE = "another script", "no letters"


def scripts(texts: pl.Series) -> pl.Series:
    """The script of each text; on a tie the one that is named first."""
    counts = pl.DataFrame({name: texts.str.count_matches(rf"\p{{{name}}}") for name in SCRIPTS})
    kana = texts.str.count_matches(r"[\p{Hiragana}\p{Katakana}]")
    letters = texts.str.count_matches(r"\p{L}")
    japanese = pl.when(kana > 0).then(kana + counts["Han"]).otherwise(0)
    table = counts.with_columns(japanese.alias(KANA), pl.lit(letters).alias(NONE))
    names = [KANA, *SCRIPTS]
    most = pl.max_horizontal(*names)
    named = pl.coalesce(*(pl.when(pl.col(name) == most).then(pl.lit(name)) for name in names))
    return table.select(
        pl.when(pl.col(NONE) == 0).then(pl.lit(NONE)).when(most == 0).then(pl.lit(OTHER)).otherwise(named)
    ).to_series()
