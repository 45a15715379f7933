"""The slices of a plan: which of them will be judged, with their test rows."""

from __future__ import annotations

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.slice_accuracy import comparisons
from fw_assets.classification.slices.slice_fields import MIN_GROUPS
from fw_assets.report.formatting import Quoted, count, listing, plural, typeset
from fw_assets.report.sections.slices import rows_needed
from fw_assets.report.table import Table, columns


def slices(plan: Plan) -> Table:
    """Every slice with its test rows, and whether it will be judged."""
    body = tuple(
        (
            Quoted(field.name) if field.own else f"{field.name} ({field.what})",
            Quoted(item.name) if field.own else item.name,
            count(item.rows) + (f" ({count(item.groups)} distinct)" if item.groups < item.rows else ""),
            "yes" if item.judged else "no",
        )
        for field in plan.label_set.slices
        for item in field.slices
    )
    return Table(columns("By", "Slice", ">Test rows", "Judged"), body)


def notes(plan: Plan) -> tuple[str, ...]:
    """How many comparisons there will be, which slices are too small, and fields that make no slices."""
    fields = plan.label_set.slices
    hidden = [f"{field.hidden:,} more values of {field.name}" for field in fields if field.hidden]
    return (
        rows_needed(MIN_GROUPS),
        *([f"Not listed, since they have fewer rows: {listing(hidden)}."] if hidden else []),
        *(f"{typeset(field.note)}." for field in fields if field.note),
    )


def sentence(plan: Plan) -> str:
    """What will be judged, in one sentence."""
    fields = plan.label_set.slices
    judged = sum(len(field.judged) for field in fields)
    names = listing([field.name if field.own else f"{field.name} ({field.what})" for field in fields if field.judged])
    if not judged:
        return f"None has the {MIN_GROUPS} distinct test rows that it takes to judge it; the plan has the reasons."
    number = plural(comparisons(fields), "comparison")
    return f"{plural(judged, 'slice')} by {names}, adjusted for {number} with the rest."
