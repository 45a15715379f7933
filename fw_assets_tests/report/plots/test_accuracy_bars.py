from __future__ import annotations

from xml.etree import ElementTree

from fw_assets.report.plots.accuracy_bars import accuracy_bars
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
