"""Tables of fields: what each model got right of every one, and how to read that."""

from __future__ import annotations

from collections.abc import Iterator

from fw_assets.report.formatting import (
    DASH,
    Quoted,
    count,
    listing,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    verdict_text,
)
from fw_assets.report.schema.fields import AskedField, FieldChange, Fields, FieldScore, ModelChanges, ModelFields
from fw_assets.report.schema.report import Report
from fw_assets.report.table import Table, columns

WHOLE, ALL = "Whole object", "All fields"
MAX_NAMED = 8


def models(report: Report) -> tuple[str, ...]:
    """The models of which there is a table each: the fine-tuned ones, and those that were not fine-tuned."""
    found = report.fields
    if found is None:
        return ()
    tuned = [item.model for item in found.changes if item.model == item.against]
    return (*tuned, *(item.model for item in found.models if item.kind == "base" and item.model not in tuned))


def fields(report: Report, model: str) -> Table:
    """Every field of one model, all of them together and whole objects; before and after where it was fine-tuned."""
    found = report.fields
    own = [item for item in found.changes if item.model == item.against == model] if found else []
    changes = own[0] if own else None
    if found is None or changes is None:
        return _untuned(found, model)
    names = ("Field", "Values", ">Always the same", ">Base", ">Fine-tuned", ">Difference", ">p", "Verdict")
    return Table(columns(*names), tuple(_rows(found, changes)))


def notes(report: Report) -> tuple[str, ...]:
    """How to read the tables, a sentence or two each."""
    found = report.fields
    if found is None:
        return ()
    label = found.asked[0].name
    sentences = [
        f"Accuracy, labels, slices and baselines elsewhere in this report are those of {label}, the first field. "
        "Models were ranked, and the gate decided, by all fields together; the confidence is that of the whole object."
    ]
    if found.changes:
        sentences.append(
            "Difference: fine-tuned minus base on the same rows, judged for "
            f"{plural(len(found.asked), 'field')} and the whole object together (Holm); all fields together are judged "
            "alone, with the values of a row as one unit."
        )
    if texts := [item.name for item in found.asked if item.kind == "text"]:
        sentences.append(
            f"{listing(texts, MAX_NAMED)}: free text, which is right where it is the same to the letter; “alike” also "
            "counts it where case, spaces and marks around it differ."
        )
    if lists := [item.name for item in found.asked if item.kind == "list"]:
        sentences.append(
            f"{listing(lists, MAX_NAMED)}: a list of values, which is right as a set: with exactly the same values, in "
            "any order. Macro-F1 counts each value by itself."
        )
    if others := [item.name for item in found.asked if item.kind == "json"]:
        sentences.append(
            f"{listing(others, MAX_NAMED)}: any JSON, which is right where it is equal, lists in the same order; "
            "“alike” also counts another order, another spelling of texts, and names that are missing in place of null."
        )
    return tuple(sentences)


def model_fields(found: Fields, model: str, kind: str) -> ModelFields | None:
    return next((item for item in found.models if item.model == model and item.kind == kind), None)


def _rows(found: Fields, changes: ModelChanges) -> Iterator[tuple[str, ...]]:
    before, after = (model_fields(found, changes.model, kind) for kind in ("base", "tuned"))
    if before is None or after is None:
        return
    by_field = {item.field: item for item in changes.changes if item.of == "field"}
    for asked, old, new in zip(found.asked, before.fields, after.fields, strict=True):
        yield (*_head(asked), _right(asked, old), _right(asked, new), *_change(by_field[asked.name], found))
    by_kind = {item.of: item for item in changes.changes}
    pairs = (before, after)
    means = (f"{percent(item.mean)} ({percent_range(item.mean_interval)})" for item in pairs)
    wholes = (f"{percent(item.whole)} ({percent_range(item.whole_interval)})" for item in pairs)
    yield (ALL, "", "", *means, *_change(by_kind["all values"], found))
    yield (WHOLE, "", "", *wholes, *_change(by_kind["whole object"], found))


def _untuned(found: Fields | None, model: str) -> Table:
    head = columns("Field", "Values", ">Always the same", ">Right", ">Macro-F1")
    item = model_fields(found, model, "base") if found else None
    if found is None or item is None:
        return Table(head, ())
    body = [
        (*_head(asked), _right(asked, score), DASH if score.macro_f1 is None else f"{score.macro_f1:.3f}")
        for asked, score in zip(found.asked, item.fields, strict=True)
    ]
    for title, share, interval in ((ALL, item.mean, item.mean_interval), (WHOLE, item.whole, item.whole_interval)):
        body.append((title, "", "", f"{percent(share)} ({percent_range(interval)})", ""))
    return Table(head, tuple(body))


def _head(asked: AskedField) -> tuple[str, str, str]:
    number = count(len(asked.values))
    values = {"label": number, "list": f"lists of {number}", "text": "free text", "json": "any JSON"}[asked.kind]
    return Quoted(asked.name), values, percent(asked.most_frequent)


def _right(asked: AskedField, score: FieldScore) -> str:
    alike = f"; {percent(score.lenient)} alike" if score.lenient > score.accuracy else ""
    return f"{percent(score.accuracy)} ({percent_range(score.interval)}{alike})"


def _change(item: FieldChange, found: Fields) -> tuple[str, str, str]:
    moved = f"{points(item.difference)} ({points_range(item.interval)})"
    p = p_value(item.adjusted_p_value).removeprefix("p ").removeprefix("= ")
    return moved, p, verdict_text(item.verdict, found.margin)
