from __future__ import annotations

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.confidence import confidence, unconstrained
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report


def test_what_a_platform_said_is_escaped() -> None:
    report = with_diagnostics(sample_report(), why="<script>alert(1)</script> | `x`")
    assert "<script>alert(1)" not in render_html(report)
    assert "\\<script>alert(1)" in render_markdown(report)
    assert "not supported" in render_markdown(report)


def test_the_winner_comes_first_as_in_the_other_tables() -> None:
    report = with_diagnostics(sample_report())
    names = [item.model.rsplit("/", 1)[-1] for item in ordered(report)]
    backwards = report.model_copy(update={"candidates": tuple(reversed(ordered(report)))})
    for table in (confidence(backwards), unconstrained(backwards)):
        shown = list(dict.fromkeys(row[0] for row in table.rows))
        assert len(shown) > 1
        assert shown == [name for name in names if name in shown]


def test_with_costs_the_confidence_is_that_for_a_cost() -> None:
    report = with_diagnostics(sample_report())
    costed = report.model_copy(update={"asked": report.asked.model_copy(update={"costs": {"sales": {"billing": 5}}})})
    assert "Confidence for a cost of 100" in [column.name for column in confidence(costed).columns]
    for text, wanted in ((render_markdown(report), "precision"), (render_markdown(costed), "cost of 1,000 rows")):
        assert f"was shown to give the wanted {wanted} on so few" in text
    assert "the wanted cost of 1,000 rows on so few" in render_html(costed)


def test_a_report_without_any_of_it_says_nothing_of_it() -> None:
    for text in (render_markdown(sample_report()), render_html(sample_report())):
        assert "Would more labels help" not in text
        assert "confidence can be trusted" not in text
