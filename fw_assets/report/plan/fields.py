"""The fields of a plan whose answers are JSON objects: their values, and which of them are asked for."""

from __future__ import annotations

from fw_assets.classification.fields.answer_field import AnswerField, FieldKind
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import Quoted, count, listing, plural
from fw_assets.report.table import Table, columns

KINDS: dict[FieldKind, str] = {
    "label": "discrete",
    "list": "list of discrete values",
    "text": "free text",
    "json": "any JSON",
    "other": "lists or objects",
}
MAX_SHOWN = 8
MAX_TEXTS_SHOWN = 2
"""Of free texts, which do not tell what others will be."""


def sentence(plan: Plan) -> str:
    """The fields that every model is asked for, in one sentence."""
    label, *others = plan.label_set.fields
    named = [f"{field.name} ({_values(field)})" for field in others]
    items = "items" if label.kind == "list" else "values"
    return (
        f"Answers are objects of {plural(len(plan.label_set.fields), 'field')}: {label.name}, whose {items} are the "
        f"labels, {listing(named, 12)}."
    )


def _values(field: RecordField) -> str:
    values = plural(len(field.values), "value")
    return {"label": values, "list": f"lists of {values}", "text": "free text", "json": "any JSON"}[field.kind]


def fields(plan: Plan) -> Table:
    """Every field with its values, and whether it is asked for."""
    inspected = plan.inspected
    asked = {field.keys: field for field in plan.label_set.fields}
    body = tuple(
        (
            Quoted(field.name),
            KINDS[asked[field.keys].kind if field.keys in asked else field.kind],
            count(field.values),
            Quoted(_most_frequent(field)),
            count(field.absent) if field.absent else "",
            "the label" if inspected.holds_label(field) else "yes" if field.keys in asked else "left out",
        )
        for field in sorted(inspected.fields, key=lambda field: not inspected.holds_label(field))
    )
    return Table(columns("Field", "Kind", ">Values", "Most frequent", ">Without it", "Asked for"), body)


def _most_frequent(field: AnswerField) -> str:
    shown = field.most[: MAX_SHOWN if field.kind in ("label", "list") else MAX_TEXTS_SHOWN]
    more = ", …" if field.values > len(shown) else ""
    return ", ".join(f"{text} ({rows:,})" for text, rows in shown) + more
