"""Power of the exact paired test: the smallest difference that so many rows show, and the rows that one takes.

A row on which exactly one of two models is right is discordant. Given how many there are, those that only the first
gets right are binomial, and the test (exact McNemar, two-sided) shows the second to be better where they are few.
Power is the sum over all numbers of discordant rows (Duffy, Biometrics 40, 1984). Nothing is approximated but binomial
probabilities beyond ten standard deviations, which are left out.
"""

from __future__ import annotations

import math

import numpy as np

from fw_assets.classification.selection.pair_comparison import PairComparison
from fw_assets.classification.values import Frozen

ASSUMED_DISCORDANCE = 0.2
"""Share of discordant rows where none was observed yet."""
POWER = 0.8
BOUND_CONFIDENCE = 0.8
"""Of the bound of an observed discordance, one-sided."""
WANTED_DIFFERENCE = 0.03
"""What the plan and the report say the number of rows for."""
MAX_ROWS = 10_000_000

_REACH = 10.0
_PRECISION = 1e-6


class BaseDiscordance(Frozen):
    """Discordance of the two best base models: what is known, before any is fine-tuned, of how often two models differ.

    Of `rows` validation rows that both answered, the share on which exactly one of the two is right.

    Attributes:
        models: the best base model on these rows, and the next.
        share: upper bound of the share that was observed (`discordance_bound`), by the independent rows that these are
            worth; in values of earlier versions the share itself.
        observed: null in values of earlier versions.
    """

    models: tuple[str, str]
    rows: int
    share: float
    observed: float | None = None


def base_discordance(models: tuple[str, str], pair: PairComparison) -> BaseDiscordance | None:
    """None without a row that both models answered."""
    rows = pair.rows
    if not rows:
        return None
    observed = (pair.gained + pair.lost) / rows
    units = pair.differences.effective_rows if pair.differences else rows
    return BaseDiscordance(models=models, rows=rows, share=discordance_bound(observed, units), observed=observed)


def discordance_bound(observed: float, units: float) -> float:
    """The discordance to plan with: the upper bound of the one that was observed (Clopper and Pearson, one-sided).

    The point estimate of few rows is too low in half of the cases, and then so are the rows that a difference takes.
    The upper limit of 80 % bounds the risk of that at 20 % (Browne, Statistics in Medicine 14, 1995). It grows with
    every discordant row, from none on.

    Args:
        observed: share of rows on which exactly one of the two models is right.
        units: independent rows that it was observed on, at least one; not necessarily whole.
    """
    from scipy.special import betaincinv

    discordant = observed * units
    if discordant >= units:
        return 1.0
    return float(betaincinv(discordant + 1, units - discordant, BOUND_CONFIDENCE))


def exact_power(rows: int, difference: float, discordance: float, alpha: float = 0.05) -> float:
    """The probability that the test shows the second model to be better, at level `alpha`.

    Args:
        rows: independent units: rows, or groups where rows belong together.
        difference: true difference of the accuracies, from 0 to 1.
        discordance: true share of discordant rows; raised to the difference, which it cannot be below.
    """
    from scipy.special import bdtr, gammaln, xlog1py, xlogy

    if rows <= 0 or difference <= 0:
        return 0.0
    rate = min(1.0, max(discordance, difference))
    middle, reach = rows * rate, _REACH * math.sqrt(rows * rate * (1 - rate)) + _REACH
    counts = np.arange(max(0, math.floor(middle - reach)), min(rows, math.ceil(middle + reach)) + 1, dtype=np.float64)
    log_mass = gammaln(rows + 1) - gammaln(counts + 1) - gammaln(rows - counts + 1)
    mass = np.exp(log_mass + xlogy(counts, rate) + xlog1py(rows - counts, -rate))
    # The most losses with which the test is below its level; -1 where there are none.
    low, high = np.full(counts.shape, -1.0), np.floor(counts / 2)
    while (low < high).any():
        step = np.ceil((low + high) / 2)
        shown = 2 * bdtr(step, counts.astype(np.int64), 0.5) < alpha
        low, high = np.where(shown, step, low), np.where(shown, high, step - 1)
    loss_share = max(0.0, (rate - difference) / (2 * rate))
    at_most = bdtr(np.maximum(low, 0), counts.astype(np.int64), loss_share)
    return float(np.sum(mass * np.where(low >= 0, at_most, 0.0)))


def smallest_detectable_difference(
    rows: int, discordance: float = ASSUMED_DISCORDANCE, alpha: float = 0.05, power: float = POWER
) -> float:
    """The smallest true difference in accuracy (0 to 1) that the test on `rows` rows shows with `power`.

    Returns:
        Infinity where the test can never show any: not even with every row gained.
    """
    if exact_power(rows, 1.0, discordance, alpha) < power:
        return math.inf
    low, high = 0.0, 1.0
    while high - low > _PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if exact_power(rows, middle, discordance, alpha) >= power else (middle, high)
    return high


def rows_to_show(
    difference: float, discordance: float = ASSUMED_DISCORDANCE, alpha: float = 0.05, power: float = POWER
) -> int | None:
    """Rows with which the test shows this difference with `power`, and without the last of which it does not.

    Returns:
        None where it would be more than `MAX_ROWS`.
    """
    high = 1
    while exact_power(high, difference, discordance, alpha) < power:
        high *= 2
        if high > MAX_ROWS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exact_power(middle, difference, discordance, alpha) >= power else (middle, high)
    return high
