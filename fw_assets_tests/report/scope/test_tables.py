from __future__ import annotations

from fw_assets.classification.scope.figures import (
    FALSE_REJECTS,
    ConfidenceAuroc,
    RejectRates,
    RejectThreshold,
    ScopeFigures,
)
from fw_assets.classification.values import Interval
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.report.scope import tables
from fw_assets_tests.report.samples import sample_report


def share(value: float) -> Interval:
    return Interval(value=value, low=value - 0.1, high=value + 0.1)


LABEL = RejectRates(recall=share(0.8), false_rejects=share(0.2))
THRESHOLD = RejectThreshold(threshold=0.55, test=RejectRates(recall=share(0.9), false_rejects=share(0.3)))
FIGURES = ScopeFigures(
    validation_rows=(90, 10),
    test_rows=(450, 50),
    aurocs=(ConfidenceAuroc(score="label", auroc=share(0.85)),),
    threshold=THRESHOLD,
    curve=tuple(
        RejectThreshold(threshold=0.1, test=RejectRates(recall=share(0.5), false_rejects=share(0.2)), wanted=wanted)
        for wanted in FALSE_REJECTS
    ),
    reject_label=LABEL,
    validation={"reject-label": LABEL, "threshold": THRESHOLD.test},
    difference=Interval(value=0.05, low=0.01, high=0.09),
    better="threshold",
)


def told(figures: ScopeFigures | None) -> Report:
    report = sample_report()
    if figures is None:
        return report
    model = report.candidates[0].model
    return report.model_copy(update={"scope": (ScopeResult(model=model, kind="base", figures=figures),)})


def test_every_way_of_every_model_is_a_row() -> None:
    rows = tables.rejection(told(FIGURES)).rows
    assert [(row[4], row[5], row[6]) for row in rows] == [("the label", "", ""), ("the threshold", "0.550", "chosen")]
    assert rows[0][2].startswith("80.0%")
    assert rows[1][3].startswith("30.0%")
    assert len(tables.curve(told(FIGURES)).rows[0]) == 2 + len(FALSE_REJECTS)


def test_what_is_shown_and_what_is_not_are_told_apart() -> None:
    first, second = tables.notes(told(FIGURES))
    assert first == "10 validation rows of 100 and 50 test rows of 500 belong to no label."
    assert "the threshold is better." in second
    assert "+5.0 points" in second
    unsure = FIGURES.model_copy(update={"difference": Interval(value=0.05, low=-0.01, high=0.11)})
    assert "cannot be told, and the threshold is used" in tables.notes(told(unsure))[1]


def test_without_validation_rows_no_threshold_is_promised() -> None:
    figures = FIGURES.model_copy(
        update={"validation_rows": (100, 0), "threshold": None, "curve": (), "difference": None, "better": None}
    )
    assert "No threshold is chosen" in tables.notes(told(figures))[1]
    assert [row[6] for row in tables.rejection(told(figures)).rows] == [""]


def test_the_section_is_in_every_rendering_and_short_where_nothing_is_known() -> None:
    for render in (render_markdown, render_html):
        text = render(told(FIGURES))
        assert "Rows that belong to no label" in text
        assert "AUROC: the chance" in text
        assert "Your data has no out-of-scope rows" not in text
        assert "Your data has no out-of-scope rows" in render(told(None))
