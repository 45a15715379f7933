"""Confidence from which a free model's answer is taken: chosen on validation rows, with a bound on what it may lose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fw_assets.classification.cascade.answers import PairedAnswers
from fw_assets.classification.cascade.risk import loss_p_value
from fw_assets.classification.values import Frozen

SHARES = tuple(share / 20 for share in range(1, 21))
"""Shares of the rows that the free model may answer, in the order in which they are tried."""


class CascadeThreshold(Frozen):
    """From `confidence` on the free model's answer is taken.

    Attributes:
        share: of the validation rows that it then answers.
        accuracy: of the cascade on the validation rows.
    """

    confidence: float
    share: float
    accuracy: float


def cheapest(found: Sequence[CascadeThreshold], margin: float) -> int | None:
    """The position of the one whose free model answers most, of those within `margin` of the most accurate one.

    Each of them is shown to be within the margin of its other model; where the two models know different rows, some are
    better than either, which the cheapest of all would give away.
    """
    if not found:
        return None
    least = max(item.accuracy for item in found) - margin
    return max((item.share, item.accuracy, -at) for at, item in enumerate(found) if item.accuracy >= least)[2] * -1


def cascade_threshold(validation: PairedAnswers, margin: float, alpha: float = 0.05) -> CascadeThreshold | None:
    """The cheapest threshold at which the cascade is shown to lose less than `margin` against the other model alone.

    Learn then Test (Angelopoulos et al. 2021) with fixed-sequence testing: thresholds are tried from the highest on,
    each at level `alpha`, and the first that is not shown to be within the margin ends the search. So any of those
    before it loses the margin or more in at most `alpha` of all cases, whatever the models and whichever is taken. The
    thresholds follow from the confidences alone, and not from what is right.

    Args:
        alpha: divided by the number of cascades where the best of several is taken.

    Returns:
        None where not even the highest is within the margin, as with too few rows.
    """
    if not validation.rows:
        return None
    ordered = np.sort(validation.confidence)[::-1]
    found: list[CascadeThreshold] = []
    last = np.inf
    _, group = np.unique(validation.groups, return_inverse=True)
    sizes = np.bincount(group).astype(np.float64)
    loss = validation.other.astype(np.float64) - validation.free
    for share in SHARES:
        threshold = float(ordered[max(0, int(np.ceil(share * ordered.size)) - 1)])
        if threshold >= last:  # more rows have this confidence than the share before asked for
            continue
        last = threshold
        free = validation.confidence >= threshold
        losses = np.bincount(group, weights=np.where(free, loss, 0.0), minlength=sizes.size).astype(np.float64)
        if loss_p_value(losses, sizes, margin) > alpha:
            break
        right = np.where(free, validation.free, validation.other)
        share_free, accuracy = float(free.mean()), float(right.mean())
        found.append(CascadeThreshold(confidence=threshold, share=share_free, accuracy=accuracy))
    best = cheapest(found, margin)
    return None if best is None else found[best]
