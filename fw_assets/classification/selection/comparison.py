"""Comparison of two models on the same rows: verdict, difference with interval, and the rows that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from fw_assets.classification.intervals import paired_difference
from fw_assets.classification.selection.bootstrap import bootstrap_f1
from fw_assets.classification.selection.paired_counts import Frames, PairedCounts, paired
from fw_assets.classification.selection.paired_tests import holm, mcnemar
from fw_assets.classification.values import Frozen, Interval

Verdict = Literal["better", "worse", "no evidence of a difference"]


class LabelChange(Frozen):
    """The recall of one label under both models.

    Attributes:
        before, after: share of its rows that the first, the second model gave it to.
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
            comparisons made together, on which the verdict depends.
        difference: in accuracy (subset accuracy), second minus first, Newcombe's paired interval.
        macro_f1_difference, micro_f1_difference: paired bootstrap over duplicate groups; None without resamples.
        per_label: the labels that have rows. flips_gained, flips_lost: ids of the first `MAX_FLIPS` rows that were
            gained, lost.
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
    alpha: float = 0.05,
    seed: int = 0,
    resamples: int = 10_000,
) -> Comparison:
    """The comparison of two prediction frames (the columns `COMPARED_COLUMNS`), whatever the order of their rows.

    Frames in parts are not held in memory where both have the rows in the same order. Single and multi-label data
    are treated alike: a single label is a set of one.

    Args:
        resamples: of the bootstrap; 0 leaves the F1 intervals out.

    Raises:
        ValueError: the frames are not about the same rows with the same gold labels.
    """
    counts = PairedCounts(labels, units=bool(resamples))
    for pairs in paired(base, tuned):
        counts.add(pairs)
    (neither, gained), (lost, both) = counts.right.tolist()
    rows = both + gained + lost + neither
    test = mcnemar(gained, lost)
    f1 = bootstrap_f1(counts.units, seed=seed, resamples=resamples) if counts.units and rows else None
    return Comparison(
        rows=rows,
        complete=rows == counts.rows and rows > 0,
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
        per_label=_label_changes(counts.per_label.tolist(), labels),
        flips_gained=tuple(counts.flips_gained),
        flips_lost=tuple(counts.flips_lost),
    )


def compare_all(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The same comparisons with p-values adjusted for their number (Holm), and verdicts that follow from those."""
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
