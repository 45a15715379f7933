"""False alarms of the nightly accuracy check, and the nights until a loss is found, beside the version before.

Run as `python -m benchmarks.nightly_checks [REPEATS]`. The version before compared each night alone with the accepted
answers: an alarm was a two-sided 95 % interval of the paired difference that excludes 0. Both see the same nights of
the same deployments, drawn in this way: 85 % of the rows are always right and the others never, but for an unstable
share of rows, each of which is right with a probability of its own (Beta(1/2, 1/2)), on every night and when accepted.
A loss turns rows that were always right into rows that never are. The last lines are the limit of many units, without a
parameter: the chance that any pool of nights ever shows a loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.selection.nightly_checks import ACCURACY_LEVEL, MARGIN
from fw_assets.classification.selection.sequential_loss import LossSequence, bound

NIGHTS = 90
SIZES = (191, 1000)
UNSTABLE = (0.0, 0.02, 0.05, 0.1)
LOSSES = (0.01, 0.025, 0.05)

Rows = NDArray[np.bool_]


class Alarms(NamedTuple):
    """First night with an alarm of either version (infinite: none), and whether that of the one before was a gain."""

    now: float
    before: float
    before_was_gain: bool


def draws(
    rows: int, unstable: float, loss: float, generator: np.random.Generator, begin: int = 1, gain: float = 0.0
) -> tuple[Rows, Iterator[Rows]]:
    """Which rows are right when accepted, and on each night; loss and gain begin on night `begin`."""
    right = (generator.random(rows) < 0.85).astype(np.float64)
    varies = generator.random(rows) < unstable
    right[varies] = generator.beta(0.5, 0.5, int(varies.sum()))
    after = right.copy()
    lost = int(loss * rows + generator.random())
    after[generator.choice(np.flatnonzero(right == 1), lost, replace=False)] = 0
    after[generator.choice(np.flatnonzero(right == 0), int(gain * rows), replace=False)] = 1

    def nights() -> Iterator[Rows]:
        for night in range(1, NIGHTS + 1):
            yield generator.random(rows) < (right if night < begin else after)

    return generator.random(rows) < right, nights()


def first_alarms(rows: int, unstable: float, loss: float, seed: int, begin: int = 1, gain: float = 0.0) -> Alarms:
    """The first alarms of one deployment."""
    accepted, nights = draws(rows, unstable, loss, np.random.default_rng(seed), begin, gain)
    sequence = LossSequence(accepted.astype(np.float64), rows, MARGIN, ACCURACY_LEVEL)
    now, before, gain = math.inf, math.inf, False
    for number, night in enumerate(nights, 1):
        if math.isinf(now) and sequence.add(night.astype(np.float64)).shown:
            now = number
        gained, lost = int((night & ~accepted).sum()), int((accepted & ~night).sum())
        if math.isinf(before) and excludes_zero(int((accepted & night).sum()), gained, lost, rows):
            before, gain = number, gained > lost
        if max(now, before) < math.inf:
            break
    return Alarms(now, before, gain)


def excludes_zero(both: int, gained: int, lost: int, rows: int) -> bool:
    """Whether Newcombe's paired interval (1998, method 10) excludes 0."""
    if gained == lost:
        return False
    neither = rows - both - gained - lost

    def wilson(hits: int) -> tuple[float, float, float]:
        z, share = 1.959964, hits / rows
        centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
        half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
        return share, max(0.0, centre - half), min(1.0, centre + half)

    second, first = wilson(both + gained), wilson(both + lost)
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    product: float = both * neither - gained * lost
    product = max(0.0, product - rows / 2) if product > 0 else product
    correlation = product / math.sqrt(margins) if margins else 0.0

    def distance(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    difference = second[0] - first[0]
    low = difference - distance(second[0] - second[1], first[2] - first[0])
    high = difference + distance(second[2] - second[0], first[0] - first[1])
    return not low <= 0 <= high


def limit(repeats: int, nights: int, seed: int = 0) -> float:
    """The share of sequences in which a pool shows a loss, where sums over units are normal with a known variance."""
    generator = np.random.default_rng(seed)
    pools = []
    for rank in range(1, nights.bit_length() + 1):
        pooled = np.arange(1, nights - 2 ** (rank - 1) + 2)
        reached = np.array([bound(ACCURACY_LEVEL / rank**2, number) for number in pooled.tolist()])
        pools.append((2 ** (rank - 1), pooled, reached * (pooled + 1) / pooled))
    shown = 0
    for _ in range(repeats):
        accepted = generator.normal()
        sums = np.concatenate([[0.0], np.cumsum(generator.normal(size=nights))])
        shown += any(
            bool((accepted - (sums[first:] - sums[first - 1]) / pooled >= reached).any())
            for first, pooled, reached in pools
        )
    return shown / repeats


def main(repeats: int = 200) -> None:
    print(f"{repeats} deployments each; level {ACCURACY_LEVEL:.0%}, margin {100 * MARGIN:g} points")
    print("no loss: alarms within 30 / 90 nights, now and before (of those, on nights that did better)")
    for rows in SIZES:
        for unstable in UNSTABLE:
            _print_alarms(rows, unstable, repeats)
    print("a loss of just the margin; and another model that loses 3 % of the rows and gains as many")
    for rows in SIZES:
        _print_alarms(rows, 0.05, repeats, loss=MARGIN)
        _print_alarms(rows, 0.05, repeats, loss=0.03, gain=0.03)
    print("loss from the first night: median nights until found (90 % of them), now and before; inf: not in 90 nights")
    for rows in SIZES:
        for unstable in UNSTABLE:
            for loss in LOSSES:
                _print_nights(rows, unstable, loss, repeats, 1)
    print("loss from night 31 (alarms before it count as found)")
    for rows in SIZES:
        for loss in LOSSES:
            _print_nights(rows, 0.05, loss, repeats, 31)
    print("limit of many units: " + ", ".join(f"{limit(20_000, n):.2%} in {n} nights" for n in (30, 90, 365)))


def _print_alarms(rows: int, unstable: float, repeats: int, loss: float = 0.0, gain: float = 0.0) -> None:
    alarms = [first_alarms(rows, unstable, loss, seed, gain=gain) for seed in range(repeats)]
    now = [np.mean([a.now <= n for a in alarms]) for n in (30, NIGHTS)]
    before = [np.mean([a.before <= n for a in alarms]) for n in (30, NIGHTS)]
    gains = [a.before_was_gain for a in alarms if a.before < math.inf]
    share = f"{np.mean(gains):.0%}" if gains else "none"
    print(
        f"  n={rows:4}, {unstable:4.0%} unstable: now {now[0]:6.1%} / {now[1]:6.1%}; "
        f"before {before[0]:6.1%} / {before[1]:6.1%} ({share})",
        flush=True,
    )


def _print_nights(rows: int, unstable: float, loss: float, repeats: int, begin: int) -> None:
    alarms = [first_alarms(rows, unstable, loss, seed, begin) for seed in range(repeats)]
    told = []
    for nights in ([a.now for a in alarms], [a.before for a in alarms]):
        median, most = (np.quantile(nights, q, method="higher") for q in (0.5, 0.9))
        told.append(f"{median:4.0f} ({most:4.0f})")
    print(f"  n={rows:4}, {unstable:4.0%} unstable, {100 * loss:g} points: now {told[0]}, before {told[1]}", flush=True)


if __name__ == "__main__":
    main(*positional(__doc__, repeats=200))
