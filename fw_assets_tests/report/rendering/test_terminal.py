from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from fw_assets.report.advice.headline import headline
from fw_assets.report.rendering.terminal import plan_view, report_view, show
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.confidence import confidence
from fw_assets.report.sections.results import comparison
from fw_assets.report.table import Table
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report
from fw_assets_tests.report.workflow import planned


def printed(view: object, width: int = 140) -> str:
    out = io.StringIO()
    show(view, Console(file=out, width=width, force_terminal=True, color_system=None))  # type: ignore[arg-type]
    return out.getvalue()


def test_the_report_says_the_answer_first() -> None:
    report = sample_report(unit_price=1.0)
    text = printed(report_view(report), 200)
    assert text.strip().startswith(headline(report))
    assert report.answer in text
    for expected in (
        "Base against fine-tuned",
        "minilm-l6-v2",
        "Per label: minilm-ngram",
        "Winner and deployment",
        "$1.3817",
    ):
        assert expected in text


def test_long_tables_are_cut() -> None:
    text = printed(report_view(sample_report(77, 800)))
    assert "57 more in the report" in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_hostile_text_is_neither_markup_nor_control(width: int) -> None:
    text = printed(report_view(sample_report(labels=LABELS, texts=TEXTS)), width)
    assert "\x1b[31m" not in text
    assert "\u202e" not in text
    if width == 200:
        assert "[red]bold[/red]" in text


def test_the_plan_shows_cost_labels_and_how_to_approve() -> None:
    plan, _, _ = planned()
    text = printed(plan_view(plan, f"fw-assets approve x --digest {plan.digest}"))
    for expected in (f"--digest {plan.digest}", "technical", "qwen3-4b", "Total", "rank 8, 1.5e-4, 4 epochs"):
        assert expected in text


@pytest.mark.parametrize(
    ("width", "shows"), [(80, comparison), (100, comparison), (100, confidence), (120, confidence), (200, confidence)]
)
def test_no_figure_of_a_table_is_cut(width: int, shows: Callable[[Report], Table]) -> None:
    report = with_diagnostics(sample_report())
    report = report.model_copy(update={"asked": report.asked.model_copy(update={"costs": {"sales": {"billing": 5}}})})
    text, table = printed(report_view(report), width), shows(report)
    part = text[text.index("Base against fine-tuned" if shows is comparison else "Confidence, calibrated") :]
    for row in table.rows:
        for i, column in enumerate(table.columns):
            if column.figures and column.name != "Gained / lost":
                assert all(word in part for word in str(row[i]).split())
