from __future__ import annotations

from xml.etree import ElementTree

from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.schema.comparison import BaselineResult
from fw_assets_tests.report.samples import sample_report


def test_bars_name_every_model_with_its_figure() -> None:
    report = sample_report()
    texts = [
        node.text or ""
        for node in ElementTree.fromstring(accuracy_bars(report)).iter("{http://www.w3.org/2000/svg}text")
    ]
    first = report.candidates[0]
    assert first.base is not None
    assert first.tuned is not None
    assert {"minilm-ngram", "minilm-l6-v2", "char-ngram"} <= set(texts)
    assert f"{100 * first.base.accuracy:.1f}%" in texts
    assert f"{100 * first.tuned.accuracy:.1f}%" in texts
    assert any("always the most frequent label" in text for text in texts)


def test_free_models_have_a_bar_and_the_constant_answer_a_line() -> None:
    baselines = tuple(
        BaselineResult(
            name=name,
            method="",
            accuracy=accuracy,
            interval=(accuracy - 0.05, accuracy + 0.05),
            macro_f1=None,
            balanced_accuracy=None,
            validation_accuracy=accuracy,
        )
        for name, accuracy in (("tfidf", 0.814), ("majority", 0.22))
    )
    chart = accuracy_bars(sample_report(baselines=baselines))
    assert chart.count('<rect class="free"') == 1
    assert "TF-IDF with logistic regression (free): 81.4%, 95% interval 76.4–86.4%" in chart
    assert "22.0%" not in chart
    assert "free" not in accuracy_bars(sample_report()).replace("and free models", "")


def test_the_chart_for_a_phone_says_the_same_within_its_width() -> None:
    report = sample_report()
    said = [
        sorted(node.text or "" for node in ElementTree.fromstring(chart).iter("{http://www.w3.org/2000/svg}text"))
        for chart in (accuracy_bars(report), accuracy_bars(report, narrow=True))
    ]
    assert said[0] == said[1]
    assert 'viewBox="0 0 360 ' in accuracy_bars(report, narrow=True)
