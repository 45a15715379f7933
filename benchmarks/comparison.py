"""Error rates of verdicts and coverage of intervals where rows are not independent, by simulation.

Run as `python -m benchmarks.comparison [size|coverage|threshold] [DRAWS]`; all three without a name.

Every copy of a text is answered alike. `before` takes every row for independent: the exact McNemar test, Newcombe's
interval of paired shares (Statistics in Medicine 17, 1998, method 10) and Wilson's of one share.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.calibration import AnswerConfidences
from fw_assets.classification.metrics.selective_prediction import threshold_for
from fw_assets.classification.selection.sign_flip import (
    GroupDifferences,
    difference_interval,
    independent,
    sign_flip_test,
)
from fw_assets.classification.selection.verdict import verdict
from fw_assets.classification.values import Interval

Sizes = NDArray[np.int64]

SETTINGS: dict[str, Sizes] = {
    "200 distinct": np.ones(200, dtype=np.int64),
    "20 of 200 texts occur twice": np.repeat([1, 2], [180, 20]),
    "every text twice": np.full(100, 2),
    "every text 4 times": np.full(50, 4),
    "every text 10 times": np.full(20, 10),
    "half of 200 rows from 10 templates": np.repeat([1, 10], [100, 10]),
    "Zipf templates": np.maximum(1, np.round(56.4 / np.arange(1, 81))).astype(np.int64),
}
ACCURACY, DISCORDANCE, MARGIN = 0.8, 0.2, 0.05
ONE_SIDED = (
    "The target of a difference has no upper end: its interval inverts an exact test, which with few groups has few\n"
    "levels. It cannot be at exactly 5 %, and an interval that holds the truth too often is what that costs."
)


class Draw(NamedTuple):
    """One simulated comparison: rows by (first, second) right, and the same by group."""

    both: int
    gained: int
    lost: int
    neither: int
    differences: GroupDifferences


def draws(sizes: Sizes, number: int, difference: float) -> Iterator[Draw]:
    """Two models of which the second is better by `difference`, on texts that occur `sizes` times."""
    generator = np.random.default_rng(1)
    gain, loss = (DISCORDANCE + difference) / 2, (DISCORDANCE - difference) / 2
    rows, groups = int(sizes.sum()), sizes.size
    effective = float(rows**2 / (sizes**2).sum())
    for _ in range(number):
        kinds = generator.choice(4, groups, p=(ACCURACY - loss, gain, loss, 1 - ACCURACY - gain))
        both, gained, lost, neither = np.bincount(kinds, weights=sizes, minlength=4).astype(int).tolist()
        steps = sizes * (kinds == 1) - sizes * (kinds == 2)
        values, times = np.unique(steps[steps != 0], return_counts=True)
        paired = tuple(zip(values.tolist(), times.tolist(), strict=True))
        differences = GroupDifferences(rows=rows, groups=groups, effective_rows=effective, steps=paired)
        yield Draw(both, gained, lost, neither, differences)


def newcombe(draw: Draw) -> Interval:
    """Newcombe's interval of the difference of two paired shares, method 10."""
    both, gained, lost, neither, _ = draw
    rows = both + gained + lost + neither
    second, first = wilson(both + gained, rows), wilson(both + lost, rows)
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    product = float(both * neither - gained * lost)
    product = max(0.0, product - rows / 2) if product > 0 else product
    correlation = product / math.sqrt(margins) if margins else 0.0

    def distance(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))

    value = (gained - lost) / rows
    low = value - distance(second.value - second.low, first.high - first.value)
    return Interval(value=value, low=low, high=value + distance(second.high - second.value, first.value - first.low))


def clustered(sizes: Sizes, right: NDArray[np.bool_]) -> Interval:
    """The accuracy with its interval by group."""
    counter = ClusterCounter()
    counter.add(np.repeat(np.arange(sizes.size, dtype=np.uint32), sizes), np.repeat(right, sizes))
    rows, hits = int(sizes.sum()), int(sizes[right].sum())
    return wilson(hits, rows, design_effect=float(counter.sums().design_effects()[0]))


def size(number: int) -> None:
    """Verdicts on equally good models, and on one that is worse by exactly the margin."""
    table(
        "Equal models called better or worse; and a model that is worse by the margin called as good or better", number
    )
    heading("test rows", "false, before", "false", "target", "as good, before", "as good", "target")
    for name, sizes in SETTINGS.items():
        equal, worse = (list(draws(sizes, number, difference)) for difference in (0.0, -MARGIN))
        naive = [independent(*draw[:4]) for draw in equal]
        shares: list[float] = [
            mean([sign_flip_test(item.steps).p_value < 0.05 for item in naive]),
            mean([sign_flip_test(draw.differences.steps).p_value < 0.05 for draw in equal]),
            mean([verdict(newcombe(draw), MARGIN) in ("as good", "better") for draw in worse]),
            mean([verdict(difference_interval(draw.differences), MARGIN) in ("as good", "better") for draw in worse]),
        ]
        line(name, shares[0], shares[1], at_most(shares[1], 0.05, number), shares[2], shares[3])
        print(f"{at_most(shares[3], 0.025, number):>16}")


def coverage(number: int) -> None:
    """Intervals that hold the true figure."""
    table("95 % intervals that hold the true accuracy; the true difference of 0, and of 5 points", number)
    heading(
        "test rows", "accuracy, before", "accuracy", "target", "of 0, before", "of 0", "of 5, before", "of 5", "target"
    )
    for name, sizes in SETTINGS.items():
        generator = np.random.default_rng(2)
        correct = [generator.random(sizes.size) < ACCURACY for _ in range(number)]
        rows = int(sizes.sum())
        before = mean([holds(wilson(int(sizes[right].sum()), rows), ACCURACY) for right in correct])
        after = mean([holds(clustered(sizes, right), ACCURACY) for right in correct])
        line(name, before, after, within(after, 0.94, 0.97, number))
        for difference in (0.0, 0.05):
            simulated = list(draws(sizes, number, difference))
            line("", mean([holds(newcombe(draw), difference) for draw in simulated]), first=False)
            share = mean([holds(difference_interval(draw.differences), difference) for draw in simulated])
            line("", share, first=False)
        print(f"{at_least(share, 0.94, number):>16}")
    print(ONE_SIDED)


def threshold(number: int) -> None:
    """Thresholds that promise 90 % and lead to less."""
    table("A confidence promised to lead to 90 % right answers, on 400 validation rows, that leads to fewer", number)
    heading("validation rows", "before", "now", "target", "reached, before", "reached")
    for copies in (1, 4, 8):
        generator = np.random.default_rng(3)
        failures, reached = np.zeros(2), np.zeros(2)
        for _ in range(number):
            confidence = generator.uniform(0.5, 1.0, 400 // copies)
            right = generator.random(confidence.size) < confidence
            for index, groups in enumerate((None, np.repeat(np.arange(confidence.size, dtype=np.uint32), copies))):
                found = threshold_for(answers(np.repeat(confidence, copies), np.repeat(right, copies), groups), 0.9)
                reached[index] += found.reached
                # Of confidences that are even from 0.5 to 1 and true, those above t are right with (1 + t) / 2.
                failures[index] += found.reached and (1 + found.threshold) / 2 < 0.9
        name = "400 distinct" if copies == 1 else f"every text {copies} times"
        before, now = (failures / number).tolist()
        line(name, before, now, at_most(now, 0.075, number), *(reached / number).tolist())
        print()


def answers(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], groups: NDArray[np.uint32] | None
) -> AnswerConfidences:
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    sides = None if groups is None else (groups[order][right], groups[order][~right])
    return AnswerConfidences(confidence[right], confidence[~right], confidence.size, sides)


def mean(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes)


def holds(interval: Interval, true: float) -> bool:
    return interval.low <= true <= interval.high


def at_most(share: float, bound: float, number: int) -> str:
    """Whether a share is at most a bound, with two Monte-Carlo standard errors."""
    error = 2 * math.sqrt(bound * (1 - bound) / number)
    return f"<= {100 * bound:.1f} % {'yes' if share <= bound + error else 'NO'}"


def at_least(share: float, bound: float, number: int) -> str:
    error = 2 * math.sqrt(bound * (1 - bound) / number)
    return f">= {100 * bound:.0f} % {'yes' if share >= bound - error else 'NO'}"


def within(share: float, low: float, high: float, number: int) -> str:
    error = 2 * math.sqrt(high * (1 - high) / number)
    return f"{100 * low:.0f}-{100 * high:.0f} % {'yes' if low - error <= share <= high + error else 'NO'}"


def table(title: str, number: int) -> None:
    print(f"\n{title}. {number:,} draws.")


def heading(first: str, *names: str) -> None:
    print(f"{first:36}" + "".join(f"{name:>17}" for name in names))


def line(name: str, *cells: float | str, first: bool = True) -> None:
    texts = (cell if isinstance(cell, str) else f"{100 * cell:.1f} %" for cell in cells)
    print((f"{name:36}" if first else "") + "".join(f"{text:>17}" for text in texts), end="", flush=True)


TABLES: dict[str, Callable[[int], None]] = {"size": size, "coverage": coverage, "threshold": threshold}

if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name in TABLES]
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    if len(names) + len(numbers) < len(sys.argv) - 1:
        raise SystemExit(__doc__)
    for chosen in names or TABLES:
        TABLES[chosen](numbers[0] if numbers else 4000)
