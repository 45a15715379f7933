"""Two models on the same rows: is the second better, by how much, and on which rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from fw_assets.classification.intervals import paired_difference
from fw_assets.classification.selection.bootstrap import bootstrap_f1
from fw_assets.classification.selection.paired_counts import COMPARED, FLIPS, Frames, PairedCounts, paired
from fw_assets.classification.selection.paired_tests import holm, mcnemar, smallest_detectable_difference
from fw_assets.classification.values import Frozen, Interval

__all__ = [
    "COMPARED",
    "FLIPS",
    "Comparison",
    "LabelChange",
    "Verdict",
    "compare",
    "compare_all",
    "holm",
    "mcnemar",
    "smallest_detectable_difference",
]

Verdict = Literal["better", "worse", "no evidence of a difference"]


class LabelChange(Frozen):
    """What happened to one label: share of its rows that were given it, before and after.

    Attributes:
        gained, lost: its rows on which only the second, only the first model gave it.
        difference: after minus before, with the paired interval; p_value: exact McNemar on its rows.
    """

    label: str
    support: int
    before: float
    after: float
    gained: int
    lost: int
    difference: Interval
    p_value: float


class Comparison(Frozen):
    """The second model against the first on the rows that both answered.

    Attributes:
        rows: rows compared; complete: no row of either failed in transport, and there are rows.
        both, gained, lost, neither: rows that both, only the second, only the first, none gets right.
        p_value: exact McNemar, two-sided; mid_p: its mid-p variant; adjusted_p: after Holm over all
            comparisons made together, which is what the verdict goes by.
        difference: in accuracy (subset accuracy), second minus first, Newcombe's paired interval.
        macro_f1_difference, micro_f1_difference: paired bootstrap over duplicate groups; None if not asked.
        per_label: the labels that have rows. flips_gained, flips_lost: ids of the
            first `FLIPS` of those rows.
    """

    rows: int
    complete: bool
    both: int
    gained: int
    lost: int
    neither: int
    p_value: float
    mid_p: float
    adjusted_p: float
    alpha: float
    difference: Interval
    macro_f1_difference: Interval | None
    micro_f1_difference: Interval | None
    verdict: Verdict
    per_label: tuple[LabelChange, ...]
    flips_gained: tuple[str, ...]
    flips_lost: tuple[str, ...]


def compare(
    base: Frames,
    tuned: Frames,
    *,
    labels: Sequence[str],
    multi_label: bool,
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = 10_000,
) -> Comparison:
    """Compares two prediction frames (the columns `COMPARED`) row by row, whatever their order.

    Frames in parts are never held whole where both have the rows in the same order.

    Args:
        resamples: of the bootstrap; 0 leaves the F1 intervals out.

    Raises:
        ValueError: the frames are not about the same rows with the same gold labels.
    """
    del multi_label  # a single label is a set of one: every figure here is the same for both
    found = PairedCounts(labels, units=bool(resamples))
    for pairs in paired(base, tuned):
        found.add(pairs)
    (neither, gained), (lost, both) = found.right.tolist()
    rows = both + gained + lost + neither
    test = mcnemar(gained, lost)
    f1 = bootstrap_f1(found.units, seed=seed, resamples=resamples) if found.units and rows else None
    return Comparison(
        rows=rows,
        complete=rows == found.rows and rows > 0,
        both=both,
        gained=gained,
        lost=lost,
        neither=neither,
        p_value=test.p_value,
        mid_p=test.mid_p,
        adjusted_p=test.p_value,
        alpha=alpha,
        difference=paired_difference(both, gained, lost, neither),
        macro_f1_difference=f1.macro if f1 else None,
        micro_f1_difference=f1.micro if f1 else None,
        verdict=_verdict(test.p_value, gained, lost, alpha),
        per_label=_label_changes(found.per_label.tolist(), labels),
        flips_gained=tuple(found.flips_gained),
        flips_lost=tuple(found.flips_lost),
    )


def compare_all(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The same comparisons with p-values adjusted for having made them all (Holm), and verdicts by those."""
    adjusted = holm([comparison.p_value for comparison in comparisons.values()])
    return {
        name: comparison.model_copy(
            update={
                "adjusted_p": p_value,
                "verdict": _verdict(p_value, comparison.gained, comparison.lost, comparison.alpha),
            }
        )
        for (name, comparison), p_value in zip(comparisons.items(), adjusted, strict=True)
    }


def _verdict(p_value: float, gained: int, lost: int, alpha: float) -> Verdict:
    if p_value >= alpha:
        return "no evidence of a difference"
    return "better" if gained > lost else "worse"


def _label_changes(cells: Sequence[Sequence[int]], labels: Sequence[str]) -> tuple[LabelChange, ...]:
    changes = []
    for name, (neither, gained, lost, both) in zip(labels, cells, strict=True):
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
                    difference=paired_difference(both, gained, lost, neither),
                    p_value=mcnemar(gained, lost).p_value,
                )
            )
    return tuple(changes)
