from __future__ import annotations

from fw_assets.report.plots.sweep_curves import sweep_curves
from fw_assets_tests.report.samples import sample_report


def test_a_model_that_was_not_tuned_has_no_curve() -> None:
    assert sweep_curves(sample_report().candidates[-1].sweep) == ""
