"""Slices as report.json has them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.selection.slice_accuracy import SliceAccuracy, SliceChange, comparisons
from fw_assets.classification.slices.slice_fields import MIN_GROUPS, SliceField
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.slices import SliceChangeResult, SliceResult, Slices, UnjudgedSlice


def slices_result(
    model: Model,
    tuned: str | None,
    fields: Sequence[SliceField],
    accuracies: Sequence[SliceAccuracy],
    changes: Sequence[SliceChange],
    margin: float,
) -> Slices:
    """All slices of one report.

    Args:
        model: the one that is kept; tuned: the fine-tuned model that `changes` is about.
    """
    by_slice = {(item.field, item.name): item for item in changes}
    return Slices(
        model=model[0],
        kind=model[1],
        tuned=tuned if changes else None,
        comparisons=comparisons(fields),
        changes=sum(len(field.judged) for field in fields) if changes else 0,
        min_groups=MIN_GROUPS,
        margin=margin,
        whats={field.name: field.what for field in fields if not field.own},
        results=tuple(_result(item, by_slice.get((item.field, item.name))) for item in accuracies),
        unjudged=tuple(
            UnjudgedSlice(field=field.name, name=item.name, rows=item.rows, groups=item.groups)
            for field in fields
            for item in field.slices
            if not item.judged
        ),
        notes=tuple(field.note for field in fields if field.note),
    )


def _result(item: SliceAccuracy, change: SliceChange | None) -> SliceResult:
    return SliceResult(
        field=item.field,
        name=item.name,
        rows=item.rows,
        groups=item.groups,
        accuracy=item.accuracy.value,
        interval=bounds(item.accuracy),
        rest_accuracy=item.rest,
        difference=item.difference.value,
        difference_interval=bounds(item.difference),
        p_value=item.p_value,
        adjusted_p_value=item.adjusted_p,
        verdict=item.verdict,
        shown_worse=item.shown_worse,
        change=_change(change) if change else None,
    )


def _change(change: SliceChange) -> SliceChangeResult:
    return SliceChangeResult(
        before=change.before,
        after=change.after,
        gained=change.gained,
        lost=change.lost,
        difference=change.difference.value,
        interval=bounds(change.difference),
        p_value=change.p_value,
        adjusted_p_value=change.adjusted_p,
        verdict=change.verdict,
    )
