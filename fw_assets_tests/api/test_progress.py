from __future__ import annotations

from fw_assets.api.progress import MAX_LINES, CellProgress
from fw_assets.pipeline.progress import Notice, Progress


def test_a_cell_shows_the_last_sentences_and_a_bar_for_each_piece_of_work() -> None:
    cell = CellProgress()
    for number in range(MAX_LINES + 2):
        cell(Notice(f"sentence {number}"))
    cell(Progress("rows", 5, 20, "3/s"))
    cell(Progress("rows", 10, 20, "4/s"))
    shown = cell._repr_html_()
    assert "sentence 1<" not in shown
    assert f"sentence {MAX_LINES + 1}<" in shown
    assert shown.count("<progress value='10' max='20'>") == 1
    assert "10 of 20 4/s" in shown


def test_text_from_outside_is_no_markup() -> None:
    cell = CellProgress()
    cell(Notice("<script>alert(1)</script>"))
    cell(Progress("<b>rows</b>", 1, None))
    shown = cell._repr_html_()
    assert "<script" not in shown
    assert "<b>" not in shown
