from __future__ import annotations

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import report


def test_what_a_platform_said_is_escaped() -> None:
    made = with_diagnostics(report(), why="<script>alert(1)</script> | `x`")
    assert "<script>alert(1)" not in render_html(made)
    assert "\\<script>alert(1)" in render_markdown(made)
    assert "not supported" in render_markdown(made)


def test_a_report_without_any_of_it_says_nothing_of_it() -> None:
    for text in (render_markdown(report()), render_html(report())):
        assert "Would more labels help" not in text
        assert "confidence can be trusted" not in text
