"""The fields of a plan whose answers are JSON objects: their values, and which of them are asked for."""

from __future__ import annotations

from fw_assets.classification.fields.answer_field import AnswerField, FieldKind
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import Quoted, count
from fw_assets.report.table import Table, columns

KINDS: dict[FieldKind, str] = {"label": "discrete", "text": "free text", "other": "lists or objects"}
MAX_SHOWN = 8
MAX_TEXTS_SHOWN = 2
"""Of free texts, which do not tell what others will be."""


def fields(plan: Plan) -> Table:
    """Every field with its values, and whether it is asked for."""
    left_out = {field.name for field in plan.inspected.left_out_fields}
    body = tuple(
        (
            Quoted(field.name),
            KINDS[field.kind],
            count(field.values),
            Quoted(_most_frequent(field)),
            count(field.absent) if field.absent else "",
            "left out" if field.name in left_out else "the label",
        )
        for field in plan.inspected.fields
    )
    return Table(columns("Field", "Kind", ">Values", "Most frequent", ">Without it", "Asked for"), body)


def _most_frequent(field: AnswerField) -> str:
    shown = field.most[: MAX_SHOWN if field.kind == "label" else MAX_TEXTS_SHOWN]
    more = ", …" if field.values > len(shown) else ""
    return ", ".join(f"{text} ({rows:,})" for text, rows in shown) + more
