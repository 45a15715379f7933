from __future__ import annotations

from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.cost import Cost, CostEntry
from fw_assets.report.sections.costs import spending
from fw_assets_tests.report.samples import sample_report


def test_unknown_prices_are_never_zero() -> None:
    report = sample_report(
        cost=Cost(
            lines=(CostEntry(line="a", stage="sweep", estimated_usd=None, actual_usd=None),),
            estimated_usd=0.0,
            actual_usd=0.0,
            estimated_complete=False,
            actual_complete=False,
        )
    )
    assert spending(report).startswith("$0.00 or more (a price is unknown); the plan said $0.00 or more.")
    assert "| `a` |  | unknown | unknown | unknown | unknown |" in render_markdown(report)
