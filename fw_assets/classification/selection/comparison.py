"""Comparison of two models on the same rows: verdict, difference with interval, and the rows that changed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Self, TypeVar

import polars as pl

from fw_assets.classification.selection.bootstrap import bootstrap_f1, randomise_f1
from fw_assets.classification.selection.group_differences import DifferenceCounter
from fw_assets.classification.selection.paired_counts import Frames, PairedCounts, paired
from fw_assets.classification.selection.paired_tests import holm, holm_levels
from fw_assets.classification.selection.sign_flip import (
    GroupDifferences,
    difference_interval,
    independent,
    sign_flip_test,
)
from fw_assets.classification.selection.verdict import Verdict, verdict
from fw_assets.classification.session import DEFAULT_MARGIN
from fw_assets.classification.values import Frozen, Interval

Name = TypeVar("Name", bound=Hashable)
Compared = TypeVar("Compared", bound="PairComparison")


class PairComparison(Frozen):
    """The second model against the first on the rows that both answered, by accuracy (subset accuracy).

    Attributes:
        rows: rows compared; complete: no row of either failed in transport, and there are rows.
        gained, lost: rows that only the second, only the first gets right.
        p_value: sign-flip test by group, two-sided, which is the exact McNemar test where every group has one row;
            mid_p: its mid-p variant; adjusted_p: after Holm over all comparisons made together.
        alpha: bound on the probability of any false claim of all comparisons made together; level: the level that is
            left for this one.
        difference: second minus first; its interval inverts the test at `level`.
        margin: the loss of accuracy that would not matter.
        verdict: read off the interval and the margin.
        differences: the rows by group; None in values that were stored before groups were counted.
    """

    rows: int
    complete: bool
    gained: int
    lost: int
    p_value: float
    mid_p: float
    adjusted_p: float
    alpha: float
    difference: Interval
    verdict: Verdict
    differences: GroupDifferences | None = None
    level: float = 0.05
    margin: float = DEFAULT_MARGIN

    @property
    def groups(self) -> int | None:
        """The number of groups that the rows belong to."""
        return self.differences.groups if self.differences else None

    def at_level(self, level: float, adjusted_p: float) -> Self:
        """The same comparison, judged at another level."""
        if self.differences is None or (level, adjusted_p) == (self.level, self.adjusted_p):
            return self
        difference = difference_interval(self.differences, 1 - level)
        judged = {"difference": difference, "verdict": verdict(difference, self.margin)}
        return self.model_copy(update={**judged, "level": level, "adjusted_p": adjusted_p})


class LabelChange(Frozen):
    """The recall of one label under both models.

    Attributes:
        before, after: share of its rows that the first, the second model gave it to.
        gained, lost: its rows on which only the second, only the first model gave it.
        difference: after minus before, with its interval; p_value: sign-flip test on its rows by group.
        groups: of its rows; None in values that were stored before groups were counted.
    """

    label: str
    support: int
    before: float
    after: float
    gained: int
    lost: int
    difference: Interval
    p_value: float
    groups: int | None = None


class Comparison(PairComparison):
    """A comparison with what became of every label.

    Attributes:
        both, neither: rows that both, none gets right.
        macro_f1_difference, micro_f1_difference: paired bootstrap over groups; None without resamples.
        macro_f1_p: randomisation test of the macro-F1 difference, by group; None unless it was asked for.
        per_label: the labels that have rows. flips_gained, flips_lost: ids of the first `MAX_FLIPS` rows that were
            gained, lost.
    """

    both: int
    neither: int
    macro_f1_difference: Interval | None
    micro_f1_difference: Interval | None
    per_label: tuple[LabelChange, ...]
    flips_gained: tuple[str, ...]
    flips_lost: tuple[str, ...]
    macro_f1_p: float | None = None


def compare(
    base: Frames,
    tuned: Frames,
    *,
    labels: Sequence[str],
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = 10_000,
    margin: float = DEFAULT_MARGIN,
    test_f1: bool = False,
) -> Comparison:
    """The comparison of two prediction frames (the columns `COMPARED_COLUMNS`), whatever the order of their rows.

    Frames in parts are not held in memory where both have the rows in the same order. Single and multi-label data
    are treated alike: a single label is a set of one.

    Args:
        resamples: of the bootstrap; 0 leaves the F1 intervals out.
        margin: the loss of accuracy (0 to 1) that would not matter.
        test_f1: also test the difference of macro-F1, where there are resamples.

    Raises:
        ValueError: the frames are not about the same rows with the same gold labels.
    """
    counts = PairedCounts(labels, units=bool(resamples))
    for pairs in paired(base, tuned):
        counts.add(pairs)
    (neither, gained), (lost, both) = counts.right.tolist()
    rows = both + gained + lost + neither
    (differences,) = counts.differences.differences()
    units = counts.units if rows else None
    f1 = bootstrap_f1(units, seed=seed, resamples=resamples) if units else None
    return Comparison(
        **_judged(differences, counts.rows, alpha, margin),
        gained=gained,
        lost=lost,
        both=both,
        neither=neither,
        macro_f1_difference=f1.macro if f1 else None,
        micro_f1_difference=f1.micro if f1 else None,
        macro_f1_p=randomise_f1(units, seed=seed) if units and test_f1 else None,
        per_label=_label_changes(counts, labels, dependent=differences.groups < rows),
        flips_gained=tuple(counts.flips_gained),
        flips_lost=tuple(counts.flips_lost),
    )


def compare_accuracy(
    first: Frames, second: Frames, *, alpha: float = 0.05, margin: float = DEFAULT_MARGIN
) -> PairComparison:
    """The comparison of two prediction frames by accuracy alone.

    Raises:
        ValueError: the frames are not about the same rows.
    """
    rows, gained, lost, counter = 0, 0, 0, DifferenceCounter()
    for pairs in paired(first, second):
        rows += pairs.height
        answered = pairs.filter((pl.col("outcome") != "failed") & (pl.col("outcome_tuned") != "failed"))
        before, after = ((answered.get_column(name) == "correct").to_numpy() for name in ("outcome", "outcome_tuned"))
        gained, lost = gained + int((~before & after).sum()), lost + int((before & ~after).sum())
        counter.add(answered.get_column("group").to_numpy(), before, after)
    (differences,) = counter.differences()
    return PairComparison(**_judged(differences, rows, alpha, margin), gained=gained, lost=lost)


def _judged(differences: GroupDifferences, rows: int, alpha: float, margin: float) -> dict[str, Any]:
    """The fields that follow from the differences; `rows`: with those that failed."""
    test, difference = sign_flip_test(differences.steps), difference_interval(differences, 1 - alpha)
    return {
        "rows": differences.rows,
        "complete": 0 < differences.rows == rows,
        "p_value": test.p_value,
        "mid_p": test.mid_p,
        "adjusted_p": test.p_value,
        "alpha": alpha,
        "level": alpha,
        "margin": margin,
        "difference": difference,
        "verdict": verdict(difference, margin),
        "differences": differences,
    }


def compare_all(comparisons: Mapping[Name, Compared], winner: Name | None = None) -> dict[Name, Compared]:
    """The same comparisons, judged together: p-values adjusted for their number (Holm 1979), with intervals to match.

    Args:
        winner: the comparison that was chosen on other rows. It is no pick of the best of these, so it is judged alone.
    """
    together = {name: comparison for name, comparison in comparisons.items() if name != winner}
    p_values = [comparison.p_value for comparison in together.values()]
    judged = {
        name: comparison.at_level(level, adjusted)
        for (name, comparison), level, adjusted in zip(
            together.items(), holm_levels(p_values), holm(p_values), strict=True
        )
    }
    return {name: judged.get(name, comparison) for name, comparison in comparisons.items()}


def _label_changes(counts: PairedCounts, labels: Sequence[str], *, dependent: bool) -> tuple[LabelChange, ...]:
    """Every label that has rows; `dependent`: some groups have several rows."""
    changes, cells = [], counts.per_label.tolist()
    by_label = (
        counts.label_differences.differences(len(labels))
        if dependent
        else [independent(both, gained, lost, neither) for neither, gained, lost, both in cells]
    )
    for name, (neither, gained, lost, both), differences in zip(labels, cells, by_label, strict=True):
        support = neither + gained + lost + both
        if support:
            changes.append(
                LabelChange(
                    label=name,
                    support=support,
                    before=(both + lost) / support,
                    after=(both + gained) / support,
                    gained=gained,
                    lost=lost,
                    difference=difference_interval(differences),
                    p_value=sign_flip_test(differences.steps).p_value,
                    groups=differences.groups,
                )
            )
    return tuple(changes)
