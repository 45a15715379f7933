"""Accuracy at each level of a hierarchy of labels: of one model, and of two on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.intervals import wilson
from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy, compare_all
from fw_assets.classification.taxonomy.label_tree import LabelTree
from fw_assets.classification.values import Frozen, Interval

LEVEL_COLUMNS = ("id", "gold", "predicted", "outcome", "group")
"""The columns of predictions that are read; rows have one label each."""


class LevelScores(Frozen):
    """One model on the test rows of a hierarchy.

    Attributes:
        accuracy: rows whose answer is right down to each level, from the top; the last is that of whole labels.
        within: wrong labels that have the true label's parent, across: that have another.
        unlabelled: answers that are no label.
    """

    rows: int
    accuracy: tuple[Interval, ...]
    within: int
    across: int
    unlabelled: int


def level_scores(predictions: Iterable[pl.DataFrame], tree: LabelTree) -> LevelScores:
    """The scores of one model's predictions, in parts; rows that failed are left out."""
    counters = [ClusterCounter() for _ in range(tree.levels)]
    rows = within = across = unlabelled = 0
    for part in predictions:
        answered = part.filter(pl.col("outcome") != "failed")
        gold, said = answered["gold"].list.first().to_list(), answered["predicted"].list.first().to_list()
        groups = answered["group"].cast(pl.UInt32).to_numpy()
        rows += answered.height
        unlabelled += sum(label is None for label in said)
        wrong = [pair for pair in zip(gold, said, strict=True) if pair[1] is not None and pair[0] != pair[1]]
        beside = sum(_parent(tree, true) == _parent(tree, given) for true, given in wrong)
        within, across = within + beside, across + len(wrong) - beside
        for level, counter in enumerate(counters, 1):
            counter.add(groups, at_level(answered, tree, level)["outcome"].eq("correct").to_numpy())
    accuracies = []
    for counter in counters:
        sums = counter.sums()
        hits, number = int(sums.hits[0]), int(sums.rows[0])
        accuracies.append(wilson(hits, number, design_effect=float(sums.design_effects()[0]) if number else 1.0))
    return LevelScores(rows=rows, accuracy=tuple(accuracies), within=within, across=across, unlabelled=unlabelled)


def compare_levels(
    first: Iterable[pl.DataFrame], second: Iterable[pl.DataFrame], tree: LabelTree, *, margin: float
) -> tuple[PairComparison, ...]:
    """The second model against the first at each level, from the top, judged together (Holm 1979).

    Args:
        first, second: predictions of the same rows, which are iterated several times.
    """
    by_level = {
        level: compare_accuracy(_at_level(first, tree, level), _at_level(second, tree, level), margin=margin)
        for level in range(1, tree.levels + 1)
    }
    judged = compare_all(by_level)
    return tuple(judged[level] for level in by_level)


def at_level(part: pl.DataFrame, tree: LabelTree, level: int) -> pl.DataFrame:
    """Predictions of which each is right if its answer is down to a level."""
    names = {label: tree.above(label, level) for label in tree.paths}
    gold, said = (pl.col(name).list.first().cast(pl.String).replace(names) for name in ("gold", "predicted"))
    is_right = (gold == said).fill_null(value=False)
    outcome = pl.when(is_right).then(pl.lit("correct")).otherwise(pl.col("outcome").cast(pl.String))
    return part.with_columns(outcome=outcome)


def _at_level(predictions: Iterable[pl.DataFrame], tree: LabelTree, level: int) -> Iterator[pl.DataFrame]:
    return (at_level(part, tree, level) for part in predictions)


def _parent(tree: LabelTree, label: str) -> str:
    """What stands above a label; a label at the top is its own."""
    path = tree.paths.get(label, (label,))
    return tree.above(label, max(1, len(path) - 1))
