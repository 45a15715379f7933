from __future__ import annotations

import polars as pl

from fw_assets.classification.formats.label_values import swallowed_rows


def found(*texts: str | None) -> list[int]:
    errors = swallowed_rows(pl.Series(texts, dtype=pl.String), pl.Series(["billing", "sales, new", None]), "text")
    assert all(error.field == "text" for error in errors.values())
    return list(errors)


def test_text_with_lines_that_end_as_rows_do_is_named() -> None:
    rows = "where is my invoice,billing\nan offer please;sales, new\nI paid twice\t billing\nand this"
    assert found("one line, billing", None, rows) == [2]
    (error,) = swallowed_rows(pl.Series([rows]), pl.Series(["billing", "sales, new"]), "body").values()
    assert "4 lines, of which 3 end as rows do" in error.message


def test_long_texts_of_people_are_left_alone() -> None:
    letter = "Dear team,\nI wrote about billing\ntwice, and about\nbilling\nagain.\nYours"
    menu = "press 1, billing\npress 2, sales, new\npress 3, something else\nthanks"
    assert found(letter, menu) == []


def test_nothing_is_found_without_labels() -> None:
    rows = "a,b\nc,d\ne,f\ng,h"
    assert swallowed_rows(pl.Series([rows]), pl.Series([None, ""], dtype=pl.String), "text") == {}
