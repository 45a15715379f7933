from __future__ import annotations

import pytest

from fw_assets.classification.labels.label_set import LabelCount


def test_the_width_of_an_interval() -> None:
    """Against statsmodels' Wilson interval."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(170, 200, method="wilson")
    counts = {rows: LabelCount(label="billing", train=0, validation=0, test=rows) for rows in (0, 200)}
    assert counts[200].test_half_width == pytest.approx((high - low) / 2)
    assert counts[0].test_half_width is None
