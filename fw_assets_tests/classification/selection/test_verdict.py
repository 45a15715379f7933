from __future__ import annotations

import pytest

from fw_assets.classification.selection.verdict import Verdict, p_value_text, verdict
from fw_assets.classification.values import Interval


@pytest.mark.parametrize("p", [0.0499999, 0.0496, 0.0504, 0.05, 1e-300, 0.00996, 0.999])
def test_a_p_value_is_not_rounded_to_the_other_side(p: float) -> None:
    text = p_value_text(p)
    shown = float(text.split()[-1])
    assert shown > 0
    assert (shown < 0.05) == (p < 0.05)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.2, "better"),
        (-0.2, -0.001, "worse"),
        (-0.019, -0.001, "worse"),
        (-0.019, 0.2, "as good"),
        (0.0, 0.2, "as good"),
        (-0.02, 0.2, "cannot be told"),
        (-0.2, 0.0, "cannot be told"),
    ],
)
def test_the_interval_alone_says_which(low: float, high: float, said: Verdict) -> None:
    assert verdict(Interval(value=(low + high) / 2, low=low, high=high), 0.02) == said
