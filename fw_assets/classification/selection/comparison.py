"""Comparison of two models on the same rows: verdict, difference with interval, labels, and the rows that changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.metrics.label_scores import ratio
from fw_assets.classification.selection.bootstrap import bootstrap_f1, randomise_f1
from fw_assets.classification.selection.label_losses import label_losses
from fw_assets.classification.selection.pair_comparison import PairComparison, judged_fields
from fw_assets.classification.selection.paired_counts import Frames, PairedCounts, paired
from fw_assets.classification.selection.sign_flip import difference_interval, independent, sign_flip_test
from fw_assets.classification.session import DEFAULT_MARGIN
from fw_assets.classification.values import Frozen, Interval


class LabelChange(Frozen):
    """One label under both models.

    Attributes:
        before, after: share of its rows that the first, the second model gave it to.
        gained, lost: its rows on which only the second, only the first model gave it.
        difference: after minus before, with its interval; p_value: sign-flip test on its rows by group.
        groups: of its rows; None in values that were stored before groups were counted.
        precision_before, precision_after: of the answers with this label; None where there are none.
        f1_before, f1_after: None in values that were stored before losses were judged by it.
        loss_p: of a loss (`label_losses`), adjusted for all labels; None where the label is not checked.
        seen_loss: the smallest loss of recall that the check would have seen in 80 of 100 cases; None where it would
            have seen none.
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
    precision_before: float | None = None
    precision_after: float | None = None
    f1_before: float | None = None
    f1_after: float | None = None
    loss_p: float | None = None
    seen_loss: float | None = None


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
    guard: GatePolicy | None = None,
) -> Comparison:
    """The comparison of two prediction frames (the columns `COMPARED_COLUMNS`), whatever the order of their rows.

    Frames in parts are not held in memory where both have the rows in the same order. Single and multi-label data
    are treated alike: a single label is a set of one.

    Args:
        resamples: of the bootstrap; 0 leaves the F1 intervals out.
        margin: the loss of accuracy (0 to 1) that would not matter.
        test_f1: also test the difference of macro-F1, where there are resamples.
        guard: also check the labels for losses, as this policy says.

    Raises:
        ValueError: the frames are not about the same rows with the same gold labels.
    """
    counts = PairedCounts(labels, units=bool(resamples) or guard is not None)
    for pairs in paired(base, tuned):
        counts.add(pairs)
    (neither, gained), (lost, both) = counts.right.tolist()
    rows = both + gained + lost + neither
    (differences,) = counts.differences.differences()
    units = counts.units if rows else None
    f1 = bootstrap_f1(units, seed=seed, resamples=resamples) if units and resamples else None
    return Comparison(
        **judged_fields(differences, counts.rows, alpha, margin),
        gained=gained,
        lost=lost,
        both=both,
        neither=neither,
        macro_f1_difference=f1.macro if f1 else None,
        micro_f1_difference=f1.micro if f1 else None,
        macro_f1_p=randomise_f1(units, seed=seed) if units and resamples and test_f1 else None,
        per_label=_label_changes(counts, labels, guard if rows else None, seed, dependent=differences.groups < rows),
        flips_gained=tuple(counts.flips_gained),
        flips_lost=tuple(counts.flips_lost),
    )


def _label_changes(
    counts: PairedCounts, labels: Sequence[str], guard: GatePolicy | None, seed: int, *, dependent: bool
) -> tuple[LabelChange, ...]:
    """Every label that has rows; `dependent`: some groups have several rows."""
    changes, cells = [], counts.per_label.tolist()
    by_label = (
        counts.label_differences.differences(len(labels))
        if dependent
        else [independent(both, gained, lost, neither) for neither, gained, lost, both in cells]
    )
    losses: list[tuple[float, float]] = [(math.nan, math.nan)] * len(labels)
    if guard is not None and counts.units is not None:
        found = label_losses(counts.units.kinds(), len(labels), guard, seed=seed)
        losses = list(zip(found.p_values.tolist(), found.seen.tolist(), strict=True))
    given = counts.given.T.tolist()
    for name, cell, differences, (given_before, given_after), (loss_p, seen_loss) in zip(
        labels, cells, by_label, given, losses, strict=True
    ):
        _, gained, lost, both = cell
        support = sum(cell)
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
                    precision_before=ratio(both + lost, given_before),
                    precision_after=ratio(both + gained, given_after),
                    f1_before=ratio(2 * (both + lost), support + given_before),
                    f1_after=ratio(2 * (both + gained), support + given_after),
                    loss_p=None if math.isnan(loss_p) else loss_p,
                    seen_loss=None if math.isnan(seen_loss) else seen_loss,
                )
            )
    return tuple(changes)
