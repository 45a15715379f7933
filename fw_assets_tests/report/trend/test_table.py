from __future__ import annotations

from xml.etree import ElementTree

from fw_assets.report.plots.trend import trend_chart
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.trend import Trend, TrendPoint
from fw_assets.report.trend.table import has_trend, trend_notes, trend_table
from fw_assets_tests.report.samples import sample_report


def point(plan: str, day: int, accuracy: float, rows: str = "5f5f", model: str = "minilm-ngram") -> TrendPoint:
    return TrendPoint(
        plan=plan,
        at=f"2026-11-{day:02d}T11:00:00+00:00",
        test_digest=rows,
        model=model,
        kind="tuned",
        accuracy=accuracy,
        interval=(accuracy - 0.05, accuracy + 0.05),
        rows=300,
        decision="deployed",
    )


def with_trend(*points: TrendPoint, unknown: int = 0) -> Report:
    return sample_report(trend=Trend(points=points, unknown=unknown))


EARLIER = (point("p1", 1, 0.7), point("p2", 8, 0.8, rows="others", model="<b>x</b>"), point("p3", 15, 0.9))


def test_a_first_report_says_nothing_of_others() -> None:
    for first in (sample_report(), with_trend(EARLIER[0])):
        assert not has_trend(first)
        assert trend_chart(first) == ""
        assert "Reports of this dataset" not in render_markdown(first)
        assert 'id="trend"' not in render_html(first)


def test_reports_of_other_rows_are_listed_and_not_joined() -> None:
    report = with_trend(*EARLIER)
    table = trend_table(report)
    assert [(row[0], row[1], row[5], row[7]) for row in table.rows] == [
        ("2026-11-01 11:00", "p1", "70.0% (65.0–75.0%)", "the same"),
        ("2026-11-08 11:00", "p2", "80.0% (75.0–85.0%)", "others"),
        ("2026-11-15 11:00", "p3", "90.0% (85.0–95.0%)", "the same"),
    ]
    chart = ElementTree.fromstring(trend_chart(report))
    (line,) = chart.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(line.attrib["points"].split()) == 2
    assert len(list(chart.iter("{http://www.w3.org/2000/svg}circle"))) == 3
    assert trend_notes(report)[0].startswith("1 report is of other test rows, and not joined")
    for text in (render_markdown(report), render_html(report)):
        assert "Reports of this dataset" in text
        assert "<b>x</b>" not in text.replace("`<b>x</b>`", "")


def test_figures_that_were_not_kept_are_passed_over_in_a_sentence() -> None:
    report = with_trend(EARLIER[0], unknown=1)
    assert has_trend(report)
    assert trend_notes(report) == (
        "1 plan before showed figures that an earlier version did not keep; it is passed over.",
    )
    assert "passed over" in render_markdown(report)
    assert 'id="trend"' in render_html(report)
