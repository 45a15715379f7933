"""Power of the test on the test rows, at the discordance that was observed on them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.power import PowerResult, power_result


def observed_power(choice: PairResult | None, pairs: Sequence[PairResult]) -> PowerResult | None:
    """With the discordance of the choice, or without one of the two most accurate models; None without any pair."""
    pair = choice or next(iter(pairs), None)
    if pair is None or not pair.rows:
        return None
    return power_result(pair.groups or pair.rows, (pair.gained + pair.lost) / pair.rows, pair.level, observed=True)
