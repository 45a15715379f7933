"""Objections of the gate's check by label, beside the version before, by simulation.

Run as `python -m benchmarks.label_guard [DRAWS]`.

The version before: recall alone, the exact McNemar test of each label with Holm's adjustment over all labels, and a
loss of more than a tenth. `alone`: the one-sided exact test of the recall of the label that loses, if it were known
which one it is; what has to look at all labels can hardly see more.

Sink: a model that answers one label where it does not know, finds 97 % of that label's rows and 35 % of those of all
others; the second model finds 80 % of each. One label loses: two models that are right in 90 % of the rows, and
disagree in 5 or 10 %, apart from one label of which the second loses 25 or 40 points of recall.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.selection.bootstrap_units import LabelEvents, UnitCounter
from fw_assets.classification.selection.label_losses import label_losses
from fw_assets.classification.selection.paired_tests import holm

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

POLICY = GatePolicy()


class Answers(NamedTuple):
    """Gold labels and the answers of both models, shape (rows,)."""

    gold: Codes
    first: Codes
    second: Codes


class Objections(NamedTuple):
    """Labels that each version objects to, shape (labels,), the p-value of each label alone, and the losses seen."""

    now: Flags
    before: Flags
    alone: NDArray[np.float64]
    seen: NDArray[np.float64]


def objections(answers: Answers, labels: int) -> Objections:
    from scipy.stats import binom

    gold, first, second = answers
    rows, units = np.arange(gold.size) * labels, UnitCounter(labels)
    units.add(LabelEvents(rows + gold, rows + first, rows + second), np.arange(gold.size, dtype=np.uint32))
    losses = label_losses(units.kinds(), labels, POLICY)

    def count(events: Codes) -> Codes:
        return np.bincount(events, minlength=labels)

    support = np.maximum(count(gold), 1)
    right = [count(gold[part == gold]) for part in (first, second)]
    f1 = [2 * hits / np.maximum(support + count(part), 1) for hits, part in zip(right, (first, second), strict=True)]
    lost, gained = count(gold[(first == gold) & (second != gold)]), count(gold[(first != gold) & (second == gold)])
    two_sided = np.minimum(1.0, 2 * binom.cdf(np.minimum(lost, gained), lost + gained, 0.5))
    enough = support >= POLICY.label_rows
    adjusted = np.ones(labels)
    adjusted[enough] = holm(two_sided[enough].tolist())
    return Objections(
        now=(losses.p_values < POLICY.alpha) & (f1[0] - f1[1] > POLICY.label_loss),
        before=(adjusted < POLICY.alpha) & ((lost - gained) / support > 0.1),
        alone=binom.cdf(gained, lost + gained, 0.5),
        seen=losses.seen,
    )


def sink(rows: int, labels: int, generator: np.random.Generator) -> Answers:
    """A model that answers most of what it does not know with label 0, and one that is better at all others."""
    gold = generator.integers(0, labels, rows)
    first = np.where(generator.random(rows) < np.where(gold == 0, 0.97, 0.35), gold, np.where(gold == 0, 1, 0))
    second = np.where(generator.random(rows) < 0.8, gold, other(gold, labels, generator))
    return Answers(gold, first, second)


def one_loses(labels: int, rows: int, disagree: float, loss: float, generator: np.random.Generator) -> Answers:
    """Two models with 90 % of `rows` rows of each label, of which the second loses `loss` of label 0."""
    gold = np.repeat(np.arange(labels), rows)
    right = generator.random(gold.size) < 0.9
    again = right ^ (generator.random(gold.size) < np.where(right, disagree / 2 / 0.9, disagree / 2 / 0.1))
    again &= ~((gold == 0) & (generator.random(gold.size) < loss / 0.9))
    wrong = other(gold, labels, generator)
    mostly = np.where(generator.random(gold.size) < 0.7, wrong, other(gold, labels, generator))
    return Answers(gold, np.where(right, gold, wrong), np.where(again, gold, mostly))


def other(gold: Codes, labels: int, generator: np.random.Generator) -> Codes:
    return (gold + generator.integers(1, labels, gold.size)) % labels


def main(draws: int = 400) -> None:
    print(f"{draws} draws each; objections at {POLICY.alpha:.0%}, now and before")
    print("a sink that becomes honest, everything else much better: vetoes")
    for rows, labels in ((200, 4), (1000, 4), (500, 10)):
        found = _draws(draws, labels, partial(sink, rows, labels))
        now, before = (
            np.mean([flags.any() for flags in part]) for part in zip(*((o.now, o.before) for o in found), strict=True)
        )
        print(f"  {rows:5} rows, {labels:3} labels: now {now:6.1%}, before {before:6.1%}", flush=True)
    print("no label loses: objections to any")
    for labels, rows in ((4, 50), (20, 50), (77, 40), (150, 30)):
        for disagree in (0.05, 0.1, 0.2):
            found = _draws(draws, labels, partial(one_loses, labels, rows, disagree, 0.0))
            now, before = (
                np.mean([f.any() for f in part]) for part in zip(*((o.now, o.before) for o in found), strict=True)
            )
            print(f"  {_named(labels, rows, disagree)}: now {now:6.1%}, before {before:6.1%}", flush=True)
    print("one label loses: objections to it, and to any other; what is said to be seen in 80 % (median)")
    for labels, rows in ((20, 50), (77, 40), (150, 30)):
        for disagree in (0.05, 0.1):
            for loss in (0.25, 0.4):
                _print_loss(draws, labels, rows, disagree, loss)


def _print_loss(draws: int, labels: int, rows: int, disagree: float, loss: float) -> None:
    found = _draws(draws, labels, partial(one_loses, labels, rows, disagree, loss))
    now, before, alone = (
        np.mean(part) for part in zip(*((o.now[0], o.before[0], o.alone[0] < POLICY.alpha) for o in found), strict=True)
    )
    others = [
        np.mean([flags[1:].any() for flags in part]) for part in zip(*((o.now, o.before) for o in found), strict=True)
    ]
    seen = np.median([o.seen[1:] for o in found])
    print(
        f"  {_named(labels, rows, disagree)}, {100 * loss:g} points: now {now:6.1%} (others {others[0]:.1%}), before "
        f"{before:6.1%} (others {others[1]:.1%}), alone {alone:6.1%}; said to be seen: {100 * seen:.0f} points",
        flush=True,
    )


def _named(labels: int, rows: int, disagree: float) -> str:
    return f"{labels:3} labels x {rows} rows, {disagree:4.0%} disagree"


def _draws(number: int, labels: int, draw: Callable[[np.random.Generator], Answers]) -> list[Objections]:
    generator = np.random.default_rng(0)
    return [objections(draw(generator), labels) for _ in range(number)]


if __name__ == "__main__":
    main(*positional(__doc__, draws=400))
