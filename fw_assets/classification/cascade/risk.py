"""Evidence that the mean loss of rows in groups is below a bound, however losses are distributed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_STAKES = {0.98: 0.5, 0.8: 0.1, 0.6: 0.1, 0.4: 0.1, 0.25: 0.05, 0.15: 0.05, 0.08: 0.05, 0.04: 0.05}
"""Stakes, as shares of the most that can be staked, and what of the wealth begins with each: high ones show that losses
are rare, which takes the fewest rows, low ones that losses and gains cancel."""


_COUNTED = 0.9


def most_counted(rows: Values) -> float:
    """How many rows of a group count: the smallest number with which nine of ten rows do, so that no few large groups
    take the evidence of all others."""
    sizes = np.unique(rows)
    counted = np.array([np.minimum(rows, size).sum() for size in sizes])
    return float(sizes[np.argmax(counted >= _COUNTED * rows.sum())])


def loss_p_value(losses: Values, rows: Values, bound: float) -> float:
    """The p-value of the hypothesis that the mean loss of a row is `bound` or more: 0 to 1, and valid for any number.

    A group counts as its rows, or as `most_counted` of them, m, where it has more. With group i of n_i rows and the
    mean loss s_i, each stake λ has the wealth Π (1 + λ min(n_i, m) / m (bound - s_i)). Its expectation is at most
    exp(λ Σ min(n_i, m) / m (bound - E s_i)) <= 1 under the hypothesis, where groups are independent; so is that of
    their weighted mean, and by Markov's inequality 1 / wealth is a p-value (Waudby-Smith and Ramdas, Journal of the
    Royal Statistical Society B 86, 2024). It needs no order of the groups.

    Args:
        losses: summed over each group, each row's from -1 to 1.
        rows: of each group.
        bound: above 0 and below 1.
    """
    if not rows.size:
        return 1.0
    most = most_counted(rows)
    steps = np.minimum(rows, most) / most * (bound - losses / rows)
    # A row loses 1 - bound at most, so that no stake loses all.
    logs = np.array([np.log1p(stake * steps).sum() + np.log(share) for stake, share in _STAKES.items()])
    highest = float(logs.max())
    wealth = highest + float(np.log(np.exp(logs - highest).sum()))
    return float(np.exp(min(0.0, -wealth)))
