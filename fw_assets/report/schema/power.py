"""What so many test rows can show, in report.json."""

from __future__ import annotations

import math

from fw_assets.classification.selection.power import (
    ASSUMED_DISCORDANCE,
    WANTED_DIFFERENCE,
    discordance_bound,
    rows_to_show,
    smallest_detectable_difference,
)
from fw_assets.classification.values import Frozen


class PowerResult(Frozen):
    """The smallest true difference of two models that `rows` independent test rows show in four of five runs.

    Attributes:
        rows: test rows, or where rows belong together the groups of equal size that theirs are worth (Kish 1965).
        groups: of the test rows, where they are worth fewer; else null.
        discordance: share of rows on which exactly one of the two is right: assumed, or where it was `observed`, on
            these rows or on those of `models`, the upper bound of that by independent rows (Clopper and Pearson,
            one-sided, 80 %; Browne 1995).
        observed_discordance: the share that was observed; null where it was not, and in reports of before: there
            `discordance` is the share itself, or with `at_most` the one-sided 95 % bound of none.
        accuracy: of the first model on these rows, above which there may be no room for a gain; null where not known.
        models: the base models whose discordance on the validation rows it is, before any is fine-tuned; null where it
            was observed on these rows, or assumed.
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
    groups: int | None = None
    at_most: bool = False
    accuracy: float | None = None
    models: tuple[str, str] | None = None
    observed_discordance: float | None = None


def power_result(
    rows: int,
    discordance: float = ASSUMED_DISCORDANCE,
    level: float = 0.05,
    *,
    observed: bool = False,
    groups: int | None = None,
    accuracy: float | None = None,
    models: tuple[str, str] | None = None,
    observed_discordance: float | None = None,
) -> PowerResult:
    """What so many rows can show. The choice that validation rows make is judged alone, so its level is 5 %.

    Args:
        discordance: as it is assumed, or was `observed` on these rows; with `models` the bound of what was observed of
            them, `observed_discordance`, on other rows.
    """
    if observed and models is None and rows > 0:
        discordance, observed_discordance = discordance_bound(discordance, rows), discordance
    room = accuracy is None or 1 - accuracy >= WANTED_DIFFERENCE
    difference = smallest_detectable_difference(rows, discordance, level)
    return PowerResult(
        rows=rows,
        discordance=discordance,
        observed=observed,
        level=level,
        difference=None if math.isinf(difference) else difference,
        wanted=WANTED_DIFFERENCE,
        rows_wanted=rows_to_show(WANTED_DIFFERENCE, discordance, level) if room else None,
        groups=groups if groups is not None and groups > rows else None,
        accuracy=accuracy,
        models=models,
        observed_discordance=observed_discordance,
    )
