from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import is_needed
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import report


def terminal_text(made: Report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report_view(made))
    return console.export_text()


def test_the_baselines_stand_in_the_same_table_everywhere() -> None:
    made = with_diagnostics(report())
    for text in (render_markdown(made), render_html(made), terminal_text(made)):
        assert "TF-IDF with logistic regression" in text
        assert "always the most frequent label" in text
    assert "No language model is needed" not in made.answer


@pytest.mark.parametrize("verdict", ["worse", "no evidence of a difference"])
def test_the_answer_says_when_no_language_model_is_needed(verdict: Any) -> None:
    made = with_diagnostics(report(), verdict=verdict)
    assert is_needed(made) is False
    assert "No language model is needed here: TF-IDF with logistic regression" in made.answer
    for text in (render_markdown(made), render_html(made), terminal_text(made)):
        assert "No language model is needed here" in " ".join(text.split())
