from __future__ import annotations

import html
import re

from fw_assets.report.assembly.confused_cells import MAX_TEXT
from fw_assets.report.confusion.axes import axes_of
from fw_assets.report.confusion.cells import cell_rows
from fw_assets.report.rendering.html import render_html
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report


def test_every_square_with_rows_has_a_list_that_its_place_names() -> None:
    report = sample_report(4)
    first = report.candidates[0]
    page = render_html(report)
    assert first.base is not None
    assert first.tuned is not None
    for kind, result in (("base", first.base), ("tuned", first.tuned)):
        for cell in cell_rows(result, axes_of([first.base, first.tuned], report.labels)):
            assert page.count(f'id="cell-0-{kind}-{cell.place}"') == 1
            assert len(cell.rows) + cell.rest == cell.count
    shown = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert "technical answered as account: " in shown
    assert "billing right: " in shown


def test_hostile_texts_behind_squares_are_shown_and_do_nothing() -> None:
    texts = ("</script><script>alert(1)</script>", '<img src=x onerror="alert(2)">', "x" * 100_000, *TEXTS)
    page = render_html(sample_report(labels=LABELS, texts=texts))
    behind = "".join(re.findall(r'<details class="behind".*?(?=<script|<details class="behind")', page, re.DOTALL))
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in behind
    assert "<img" not in behind
    assert "onerror=" not in re.sub(r">[^<]*<", "><", behind)
    assert "x" * (MAX_TEXT + 1) not in behind
