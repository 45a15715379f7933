"""Evidence that the mean loss of rows in groups is below a bound, however losses are distributed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_STAKES = {0.98: 0.5, 0.8: 0.1, 0.6: 0.1, 0.4: 0.1, 0.25: 0.05, 0.15: 0.05, 0.08: 0.05, 0.04: 0.05}
"""Stakes, as shares of the most that can be staked, and what of the wealth begins with each: high ones show that losses
are rare, which takes the fewest rows, low ones that losses and gains cancel."""


def loss_p_value(losses: Values, rows: Values, bound: float) -> float:
    """The p-value of the hypothesis that the mean loss of a row is `bound` or more: 0 to 1, and valid for any number.

    With group i of n_i rows and the summed loss s_i, each stake λ has the wealth Π (1 + λ (bound n_i - s_i) / max n).
    Its expectation is at most exp(λ Σ (bound n_i - E s_i) / max n) <= 1 under the hypothesis, where groups are
    independent; so is that of their weighted mean, and by Markov's inequality 1 / wealth is a p-value
    (Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86, 2024). It needs no order of the groups.

    Args:
        losses: summed over each group, each row's from -1 to 1.
        rows: of each group.
        bound: above 0 and below 1.
    """
    if not rows.size:
        return 1.0
    steps = (bound * rows - losses) / rows.max()
    # A row loses 1 - bound at most, so that no stake loses all.
    logs = np.array([np.log1p(stake * steps).sum() + np.log(share) for stake, share in _STAKES.items()])
    most = float(logs.max())
    wealth = most + float(np.log(np.exp(logs - most).sum()))
    return float(np.exp(min(0.0, -wealth)))
