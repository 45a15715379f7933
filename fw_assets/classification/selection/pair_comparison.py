"""Comparison of two models by accuracy alone, and of several pairs judged together."""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping
from typing import Any, Self, TypeVar

import polars as pl

from fw_assets.classification.selection.group_differences import DifferenceCounter
from fw_assets.classification.selection.paired_counts import Frames, paired
from fw_assets.classification.selection.paired_tests import holm, holm_levels
from fw_assets.classification.selection.sign_flip import GroupDifferences, difference_interval, sign_flip_test
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
    return PairComparison(**judged_fields(differences, rows, alpha, margin), gained=gained, lost=lost)


def compare_all(comparisons: Mapping[Name, Compared], alone: Container[Name] = ()) -> dict[Name, Compared]:
    """The same comparisons, judged together: p-values adjusted for their number (Holm 1979), with intervals to match.

    Args:
        alone: comparisons of the model that was chosen on other rows. They are no pick of the best of these, so each is
            judged alone.
    """
    together = {name: comparison for name, comparison in comparisons.items() if name not in alone}
    p_values = [comparison.p_value for comparison in together.values()]
    judged = {
        name: comparison.at_level(level, adjusted)
        for (name, comparison), level, adjusted in zip(
            together.items(), holm_levels(p_values), holm(p_values), strict=True
        )
    }
    return {name: judged.get(name, comparison) for name, comparison in comparisons.items()}


def judged_fields(differences: GroupDifferences, rows: int, alpha: float, margin: float) -> dict[str, Any]:
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
