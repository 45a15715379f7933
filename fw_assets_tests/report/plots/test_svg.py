from __future__ import annotations

from xml.etree import ElementTree

import pytest

from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.plots.confidence import reliability, risk_coverage
from fw_assets.report.plots.cost_accuracy import cost_accuracy
from fw_assets.report.plots.heatmap import heat_picture
from fw_assets.report.plots.learning_curve import learning_curve
from fw_assets.report.plots.svg import standalone
from fw_assets.report.plots.sweep_curves import sweep_curves
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.hostile import LABELS
from fw_assets_tests.report.samples import sample_report

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("labels", [None, LABELS])
def test_every_chart_is_well_formed_on_its_own(labels: tuple[str, ...] | None) -> None:
    report = with_diagnostics(sample_report(labels=labels))
    first = report.candidates[0]
    assert first.base is not None
    assert first.tuned is not None
    assert first.tuned.confidence is not None
    charts = [
        accuracy_bars(report),
        cost_accuracy(report),
        heat_picture(first.base),
        learning_curve(first.learning),
        reliability(first.tuned.confidence),
        risk_coverage(first.tuned.confidence),
        sweep_curves(first.sweep),
    ]
    for chart in charts:
        assert ElementTree.fromstring(standalone(chart)).tag == f"{SVG}svg"
        assert "nan" not in chart
