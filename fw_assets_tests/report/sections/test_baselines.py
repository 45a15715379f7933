from __future__ import annotations

import io

from rich.console import Console

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import need
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report


def terminal_text(report: Report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report_view(report))
    return console.export_text()


def test_the_baselines_stand_in_the_same_table_everywhere() -> None:
    report = with_diagnostics(sample_report())
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        assert "TF-IDF with logistic regression" in text
        assert "always the most frequent label" in text
    assert "No language model is needed" not in report.answer


def test_the_answer_says_when_no_language_model_is_needed() -> None:
    report = with_diagnostics(sample_report(), needed="no")
    assert need(report) == "no"
    assert "No language model is needed here: TF-IDF with logistic regression" in report.answer
    assert "is ahead by less than 2 points, which is shown" in report.answer
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        assert "No language model is needed here" in " ".join(text.split())


def test_what_is_not_shown_is_not_said() -> None:
    report = with_diagnostics(sample_report(), needed="cannot be told")
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        flat = " ".join(text.split())
        assert "Whether a language model is needed cannot be told on 300 test rows" in flat
        assert "No language model is needed" not in flat
        assert "does as well" not in flat
