"""What so many test rows can show, in report.json."""

from __future__ import annotations

import math

from fw_assets.classification.selection.power import (
    ASSUMED_DISCORDANCE,
    WANTED_DIFFERENCE,
    rows_to_show,
    smallest_detectable_difference,
)
from fw_assets.classification.values import Frozen


class PowerResult(Frozen):
    """The smallest true difference of two models that `rows` independent test rows show in four of five runs.

    Attributes:
        rows: test rows, or groups of them where rows belong together.
        discordance: share of rows on which exactly one of the two is right; `observed` on these rows, or assumed.
        level: of the test, which is exact and two-sided.
        difference: null where so few rows can never show any.
        wanted, rows_wanted: a difference of accuracies, and the rows that show it; null where that is out of reach.
    """

    rows: int
    discordance: float
    observed: bool
    level: float
    difference: float | None
    wanted: float
    rows_wanted: int | None


def power_result(
    rows: int, discordance: float = ASSUMED_DISCORDANCE, level: float = 0.05, *, observed: bool = False
) -> PowerResult:
    """What so many rows can show. The choice that validation rows make is judged alone, so its level is 5 %."""
    difference = smallest_detectable_difference(rows, discordance, level)
    return PowerResult(
        rows=rows,
        discordance=discordance,
        observed=observed,
        level=level,
        difference=None if math.isinf(difference) else difference,
        wanted=WANTED_DIFFERENCE,
        rows_wanted=rows_to_show(WANTED_DIFFERENCE, discordance, level),
    )
