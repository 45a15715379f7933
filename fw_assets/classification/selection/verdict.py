"""Verdict of a comparison: one of three answers, or worse, read off the interval of the difference alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from fw_assets.classification.values import Interval


def _known(value: Any) -> Any:
    """Values of before version 2 of report.json said this of all that was not shown to differ."""
    return "cannot be told" if value == "no evidence of a difference" else value


Verdict = Annotated[Literal["better", "as good", "cannot be told", "worse"], BeforeValidator(_known)]
"""`as good`: shown to be worse by less than the margin, if at all, so at least as good within it.

`cannot be told`: none of the others is shown.
"""


def verdict(difference: Interval, margin: float) -> Verdict:
    """The verdict on a second model by its difference from the first.

    Args:
        margin: the loss, on the scale of the difference, that would not matter (non-inferiority margin).
    """
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    return "as good" if difference.low > -margin else "cannot be told"


def p_value_text(p: float, alpha: float = 0.05) -> str:
    """`p = 0.013`, or `p < 0.0001` below that; with as many digits as it takes to stay on its side of `alpha`."""
    if p < 0.0001:
        return "p < 0.0001"
    if p >= 0.9995:
        return "p = 1"
    digits = 4 if p < 0.01 else 2
    while (round(p, digits) < alpha) != (p < alpha):
        digits += 1
    return f"p = {p:.{digits}f}"
