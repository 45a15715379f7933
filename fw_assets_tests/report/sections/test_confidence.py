from __future__ import annotations

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report


def test_what_a_platform_said_is_escaped() -> None:
    report = with_diagnostics(sample_report(), why="<script>alert(1)</script> | `x`")
    assert "<script>alert(1)" not in render_html(report)
    assert "\\<script>alert(1)" in render_markdown(report)
    assert "not supported" in render_markdown(report)


def test_a_report_without_any_of_it_says_nothing_of_it() -> None:
    for text in (render_markdown(sample_report()), render_html(sample_report())):
        assert "Would more labels help" not in text
        assert "confidence can be trusted" not in text
