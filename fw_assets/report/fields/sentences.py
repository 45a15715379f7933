"""Sentences on fields: which of them gained by fine-tuning, and which lost."""

from __future__ import annotations

from fw_assets.report.fields.tables import MAX_NAMED, model_fields
from fw_assets.report.formatting import listing, p_value, percent, plural, points
from fw_assets.report.schema.fields import ModelChanges
from fw_assets.report.schema.report import Report


def gained_sentence(report: Report) -> str:
    """Which fields gained by fine-tuning, and whole objects, a sentence or two; empty where nothing was compared."""
    found, changes = report.fields, subject_changes(report)
    if found is None or changes is None:
        return ""
    own = changes.model == changes.against
    by_verdict: dict[str, list[str]] = {"better": [], "worse": [], "as good": [], "cannot be told": []}
    for item in changes.changes:
        if item.of == "field":
            by_verdict[item.verdict].append(f"{item.field} ({points(item.difference)} points)")
    unshown = [*by_verdict["as good"], *by_verdict["cannot be told"]]
    parts = [
        *([f"better in {listing(by_verdict['better'], MAX_NAMED)}"] if by_verdict["better"] else []),
        *([f"worse in {listing(by_verdict['worse'], MAX_NAMED)}"] if by_verdict["worse"] else []),
        *([f"not shown to differ in {listing(unshown, MAX_NAMED)}"] if unshown else []),
    ]
    before, after = model_fields(found, changes.against, "base"), model_fields(found, changes.model, "tuned")
    whole = (
        f" Whole objects right: {percent(before.whole)} {'before' if own else 'there'}, {percent(after.whole)} "
        f"{'after' if own else 'here'}."
        if before and after
        else ""
    )
    against = "" if own else f" against {changes.against}"
    return (
        f"Of {plural(len(found.asked), 'field')}, the fine-tuned {changes.model}{against} is {'; '.join(parts)}.{whole}"
    )


def field_check_text(report: Report) -> str:
    """Whether any field forbade the deployment of the fine-tuned model; empty where none was compared."""
    changes = subject_changes(report)
    if changes is None:
        return ""
    fields = [item for item in changes.changes if item.of == "field"]
    worse = [item.field for item in fields if item.verdict == "worse"]
    better = sum(item.verdict == "better" for item in fields)
    if worse:
        return f"{listing(worse, MAX_NAMED)} {'is' if len(worse) == 1 else 'are'} shown to be worse."
    return f"None of the {len(fields)} fields is shown to be worse, {better} {'is' if better == 1 else 'are'} better."


def field_cautions(report: Report) -> tuple[str, ...]:
    """A sentence per fine-tuned model that is shown to be worse in some field."""
    found = report.fields
    if found is None:
        return ()
    return tuple(
        f"Fine-tuning made {changes.model} worse in {listing(worse, MAX_NAMED)}, adjusted for "
        f"{plural(len(found.asked), 'field')} and the whole object."
        for changes in found.changes
        if changes.model == changes.against
        and (
            worse := [
                f"{item.field} ({points(item.difference)} points, {p_value(item.adjusted_p_value)})"
                for item in changes.changes
                if item.of == "field" and item.verdict == "worse"
            ]
        )
    )


def subject_changes(report: Report) -> ModelChanges | None:
    """What the answer is about: the best fine-tuned model against the best that needs no tuning."""
    changes = report.fields.changes if report.fields else ()
    pair = (report.choice.first, report.choice.second) if report.choice else None
    return next((item for item in changes if (item.against, item.model) == pair), changes[0] if changes else None)
