"""The fields of a plan whose answers are JSON objects: their values, and which of them are asked for."""

from __future__ import annotations

from fw_assets.classification.fields.answer_field import AnswerField, FieldKind
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.labels.json_rules import top_name
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import Quoted, count, listing, plural
from fw_assets.report.table import Table, columns

KINDS: dict[FieldKind, str] = {"label": "discrete", "text": "free text", "other": "lists or objects"}
MAX_SHOWN = 8
MAX_TEXTS_SHOWN = 2
"""Of free texts, which do not tell what others will be."""


def sentence(plan: Plan) -> str:
    """The fields that every model is asked for, in one sentence."""
    label, *others = plan.label_set.fields
    named = [f"{field.name} ({_values(field)})" for field in others]
    return (
        f"Answers are objects of {plural(len(plan.label_set.fields), 'field')}: {label.name}, whose values are the "
        f"labels, {listing(named, 12)}."
    )


def _values(field: RecordField) -> str:
    return "free text" if field.kind == "text" else plural(len(field.values), "value")


def fields(plan: Plan) -> Table:
    """Every field with its values, and whether it is asked for."""
    key = plan.inspected.extraction.key if plan.inspected.extraction.rule == "json_key" else None
    label = top_name(key) if key else None
    asked = {field.name: field for field in plan.label_set.fields}
    body = tuple(
        (
            Quoted(field.name),
            KINDS[asked[field.name].kind if field.name in asked else field.kind],
            count(field.values),
            Quoted(_most_frequent(field)),
            count(field.absent) if field.absent else "",
            "the label" if field.name == label else "yes" if field.name in asked else "left out",
        )
        for field in sorted(plan.inspected.fields, key=lambda field: field.name != label)
    )
    return Table(columns("Field", "Kind", ">Values", "Most frequent", ">Without it", "Asked for"), body)


def _most_frequent(field: AnswerField) -> str:
    shown = field.most[: MAX_SHOWN if field.kind == "label" else MAX_TEXTS_SHOWN]
    more = ", …" if field.values > len(shown) else ""
    return ", ".join(f"{text} ({rows:,})" for text, rows in shown) + more
