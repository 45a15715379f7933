"""Check by label of a comparison: the labels that lost too much, and what loss of the others would have been seen."""

from __future__ import annotations

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.selection.comparison import Comparison, LabelChange
from fw_assets.classification.values import Frozen


class SeenLoss(Frozen):
    """A label with `rows` test rows, and the loss of recall (0 to 1) that would have been seen in 80 of 100 cases."""

    label: str
    rows: int
    loss: float


class LabelCheck(Frozen):
    """What a check for losses covered.

    `checked` labels have enough test rows, `left_out` ones fewer. In `blind` ones of those checked not even the loss of
    every right row would have been seen; `least` and `most` are the others with the smallest and the largest loss that
    would have been.
    """

    checked: int
    left_out: int
    blind: int
    least: SeenLoss | None = None
    most: SeenLoss | None = None


def losing_labels(
    comparison: Comparison, policy: GatePolicy
) -> tuple[tuple[LabelChange, ...], tuple[LabelChange, ...]]:
    """Labels that lost more F1 than the policy allows: (beyond chance, perhaps by chance)."""
    losing: list[LabelChange] = []
    watch: list[LabelChange] = []
    for change in comparison.per_label:
        if change.loss_p is not None and (change.f1_before or 0.0) - (change.f1_after or 0.0) > policy.label_loss:
            (losing if change.loss_p < policy.alpha else watch).append(change)
    return tuple(losing), tuple(watch)


def label_check(comparison: Comparison) -> LabelCheck:
    """What the check covered in a comparison that was made with a guard."""
    checked = [change for change in comparison.per_label if change.loss_p is not None]
    seen = sorted(
        (change.seen_loss, -change.support, change.label) for change in checked if change.seen_loss is not None
    )
    ends = [SeenLoss(label=label, rows=-rows, loss=loss) for loss, rows, label in seen[:1] + seen[-1:]]
    return LabelCheck(
        checked=len(checked),
        left_out=len(comparison.per_label) - len(checked),
        blind=len(checked) - len(seen),
        least=ends[0] if ends else None,
        most=ends[-1] if ends else None,
    )
