"""Cascades in which the free model is sure enough of every row: said so, and no row of their own among the costs."""

from __future__ import annotations

from fw_assets.pipeline.free_models.cascade_results import cascade_points
from fw_assets.report.cascades.table import cascade_table
from fw_assets.report.schema.cascades import CascadeResult
from fw_assets.report.schema.cost import CostPoint
from fw_assets_tests.report.samples import sample_report


def cascade(share: float, asked: float) -> CascadeResult:
    return CascadeResult(
        free="encoder",
        model="small",
        kind="tuned",
        in_use=False,
        alpha=0.05,
        model_accuracy=0.8,
        free_accuracy=0.85,
        model_usd_per_1000=2.0,
        threshold=0.1,
        validation_share=share,
        asked=asked,
        asked_interval=(0.0, asked + 0.01),
        accuracy=0.85,
        interval=(0.8, 0.9),
        usd_per_1000=2 * asked,
        usd_interval=(0.0, 2 * asked + 0.02),
    )


def test_a_cascade_that_never_asks_is_the_free_model() -> None:
    alone, both = cascade(1.0, 0.0), cascade(0.6, 0.4)
    report = sample_report().model_copy(update={"cascades": (alone, both)})
    notes = [str(row[-1]) for row in cascade_table(report).rows]
    assert notes == ["the free model answers every row", ""]
    costs = (
        CostPoint(name="small", kind="tuned", accuracy=0.8, interval=(0.75, 0.85), usd_per_1000=2.0),
        CostPoint(name="encoder", kind="baseline", accuracy=0.85, interval=(0.8, 0.9), usd_per_1000=0.0),
    )
    points = cascade_points((alone, both), costs)
    assert [point.kind for point in points] == ["tuned", "baseline", "cascade"]
