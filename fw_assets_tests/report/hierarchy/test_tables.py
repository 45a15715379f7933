from __future__ import annotations

from fw_assets.classification.hierarchy.levels import LevelScores
from fw_assets.classification.values import Interval
from fw_assets.report.hierarchy import tables
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.slices import Hierarchy, HierarchyResult, LevelChange
from fw_assets_tests.report.samples import sample_report


def share(value: float) -> Interval:
    return Interval(value=value, low=value - 0.1, high=value + 0.1)


def test_levels_and_their_changes_are_in_every_rendering() -> None:
    report = sample_report()
    model = report.candidates[0].model
    hierarchy = Hierarchy(
        separator="/",
        sizes=(2, 9),
        results=(
            HierarchyResult(
                model=model,
                kind="base",
                scores=LevelScores(rows=100, accuracy=(share(0.8), share(0.6)), within=20, across=20, unlabelled=0),
            ),
        ),
        changes=(
            LevelChange(model=model, level=1, difference=share(0.3), adjusted_p=0.01, verdict="better"),
            LevelChange(model=model, level=2, difference=share(0.2), adjusted_p=0.02, verdict="better"),
        ),
    )
    told = report.model_copy(update={"hierarchy": hierarchy})
    (row,) = tables.levels(told).rows
    assert row[2].startswith("80.0%")
    assert row[4:6] == ("20 (50%)", "20")
    assert [cells[1] for cells in tables.changes(told).rows] == ["Level 1 (of 2)", "Whole label (of 9)"]
    assert tables.intro(told) == "The labels are paths by “/”: 2 names above 9 labels."
    parents = told.model_copy(update={"hierarchy": hierarchy.model_copy(update={"separator": ""})})
    assert tables.intro(parents) == "The session gives the parents of labels: 2 names above 9 labels."
    for render in (render_markdown, render_html):
        assert "By level of the labels" in render(told)
        assert "By level of the labels" not in render(report)
