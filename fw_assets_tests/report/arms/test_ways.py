"""Ways of asking in the report: nothing where there is one, else each with its examples and descriptions."""

from __future__ import annotations

from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import RowShortlist, ShortlistSource
from fw_assets.classification.session import Session
from fw_assets.report.arms.ways import asked_how, fewer_options, meanings, ways
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.samples import sample_report

MEANING = "Invoices <b>and</b> | refunds"


def report_of(*arms: str) -> Report:
    report = sample_report()
    base, *others = report.candidates
    rows = [
        base.model_copy(
            update={
                "model": f"{base.model}+{arm}",
                "arm": arm,
                "tuned": None,
                "comparison": None,
                "examples": 8 if arm == "knn-8" else None,
            }
        )
        for arm in arms
    ]
    asked = Session(
        models=tuple(item.model for item in report.candidates), arms=arms, label_descriptions={"billing": MEANING}
    )
    source = ExampleSource(digest="d", method="TF-IDF", fewer={"minilm-ngram+knn-8": 12})
    return report.model_copy(update={"candidates": (base, *rows, *others), "asked": asked, "examples": source})


def test_each_way_is_described() -> None:
    report = report_of("descriptions", "knn-8", "decision")
    said = {row[0]: row[1] for row in ways(report).rows}
    assert list(said) == ["zero-shot", "descriptions", "knn-8", "decision"]
    assert "the 8 training rows most like each row by TF-IDF" in said["knn-8"]
    assert "(minilm-ngram+knn-8: 12 rows)" in said["knn-8"]
    assert meanings(report).rows == (("billing", MEANING),)
    for text in (render_markdown(report), render_html(report)):
        assert "Every model was asked the same way" not in text
        assert "the 8 training rows most like each row by TF-IDF" in text
        assert MEANING not in text  # it is escaped
        assert "refunds" in text


def test_one_way_of_asking_is_no_table() -> None:
    report = sample_report()
    assert (ways(report).rows, meanings(report).rows) == ((), ())
    assert asked_how(report) == "Every model was asked the same way"


def test_descriptions_that_nothing_asked_are_not_shown() -> None:
    assert meanings(report_of("knn-8")).rows == ()


def test_models_that_are_asked_among_fewer_labels_are_named() -> None:
    rows = [
        RowShortlist(model=name, options=most, labels=240, found=99, rows=100) for name, most in (("a", 208), ("b", 26))
    ]
    report = report_of("decision").model_copy(update={"shortlists": ShortlistSource(digest="d", rows=tuple(rows))})
    said = "208 for a and 26 for b, of the 240 labels those that the training rows choose for each text"
    assert fewer_options(report) == f": {said}"
    assert said in {row[0]: row[1] for row in ways(report).rows}["decision"]
    decided = report.model_copy(
        update={"prompt": report.prompt and report.prompt.model_copy(update={"mode": "decision", "system": None})}
    )
    assert f"with the labels as options: {said}." in render_markdown(decided)
    assert fewer_options(report_of("decision")) == ""
