"""Free model that is recommended: the headline, the row of the decision, the record and the code say one thing."""

from __future__ import annotations

import pytest

from fw_assets.report.advice.headline import headline
from fw_assets.report.assembly.recommended_code import free_first
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report, Snippets
from fw_assets.report.sections.answer import answer, next_step
from fw_assets.report.sections.baselines import recommended_baseline, recommended_name
from fw_assets.report.sections.deployment import deployment
from fw_assets_tests.report.advice.test_headline import KEPT, chosen, decided, free, judged
from fw_assets_tests.report.imbalance.test_majority import with_figures
from fw_assets_tests.report.samples import sample_report

FREE = "TF-IDF with logistic regression"


def ahead(decision: str, validation: float = 0.9) -> Report:
    """A free model that is ahead of what is asked, which is near the constant answer."""
    report = with_figures(sample_report(), majority=0.3, base=0.26, tuned=0.27, balanced=0.26)
    first = report.candidates[0]
    assert first.tuned_validation is not None
    known = first.tuned_validation.model_copy(update={"accuracy": validation})
    others = [item.model_copy(update={"tuned_validation": None}) for item in report.candidates[1:]]
    report = report.model_copy(
        update={
            "candidates": (first.model_copy(update={"tuned_validation": known}), *others),
            "deployment": decided(decision),
            "winner": KEPT if decision == "keep-base" else report.winner,
            "baselines": (chosen(0.3),),
        }
    )
    return judged(report, "cannot be told")


def rows(report: Report) -> dict[str, str]:
    return {row[0]: row[1] for row in deployment(report).rows}


@pytest.mark.parametrize("decision", ["deployed", "keep-base", "keep-none", "not-asked"])
def test_all_places_recommend_the_free_model(decision: str) -> None:
    report = ahead(decision)
    assert recommended_name(report) == FREE
    assert headline(report).startswith(f"Use {FREE}, which is local and free")
    assert rows(report)["Recommended"].startswith(FREE)
    assert rows(report)["Decision"].endswith(f"; recommended is {FREE}")
    assert f"Recommended is {FREE}, which is local and free." in answer(report)
    assert next_step(report).startswith((f"Use {FREE}", "Use the simpler model"))
    for page in (render_markdown(report), render_html(report)):
        assert f"; recommended is {FREE}" in page
        assert "none is recommended" not in page.lower()


@pytest.mark.parametrize("decision", ["keep-base", "keep-none"])
def test_nothing_says_to_keep_a_model_beside_it(decision: str) -> None:
    report = ahead(decision)
    said = " ".join((headline(report), rows(report)["Decision"], next_step(report)))
    assert "keep the" not in said.lower()
    assert "keep using" not in said.lower()


def test_where_none_is_asked_for_the_row_is_about_what_was_asked() -> None:
    report = ahead("keep-none").model_copy(update={"baselines": (free("cannot be told"),)})
    assert recommended_baseline(report) is None
    assert rows(report)["Decision"] == "none of the models that were asked is recommended"
    assert "Recommended" not in rows(report)


@pytest.mark.parametrize(
    "report",
    [
        ahead("keep-none", validation=0.99),
        ahead("deployed").model_copy(update={"status": "incomplete"}),
        ahead("deployed").model_copy(update={"baselines": (chosen(0.3).model_copy(update={"name": "majority"}),)}),
        ahead("deployed").model_copy(update={"baselines": (chosen(0.3).model_copy(update={"interval": (0.2, 0.5)}),)}),
        ahead("deployed").model_copy(update={"baselines": (chosen(0.99),)}),
    ],
    ids=["a refused model is ahead", "incomplete", "the majority", "not above the majority", "behind on validation"],
)
def test_no_free_model_is_recommended(report: Report) -> None:
    assert recommended_baseline(report) is None


def test_its_command_stands_first() -> None:
    found = free_first(Snippets(python="", curl="", commands=("predict a", "predict --free a  # TF-IDF")))
    assert found.commands == ("predict --free a  # TF-IDF; recommended", "predict a")
    assert free_first(Snippets(python="", curl="")).commands == ()
