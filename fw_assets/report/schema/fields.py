"""Fields of the answers in report.json: the scores of each, and which of them gained."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.fields.value_tally import RecordKind
from fw_assets.classification.selection.verdict import Verdict
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import Kind


class AskedField(Frozen):
    """A field that every model was asked for. The first one is the label.

    `values`: of a label and of the items of a list; none of free text and other JSON.
    """

    name: str
    kind: RecordKind
    values: tuple[str, ...] = ()
    absent: int = 0
    """Rows of the data without it: theirs is null."""
    most_frequent: float
    """Share of the test rows that have its most frequent value, which always saying that would get."""


class FieldScore(Frozen):
    """One field of one model on the test rows.

    `accuracy`: rows with exactly the right value, `lenient`: where the spelling of free texts and the order of other
    JSON do not count. `macro_f1`: of a label and of the items of a list.
    """

    field: str
    accuracy: float
    interval: Bounds
    lenient: float
    macro_f1: float | None
    outcomes: dict[str, int]


class ModelFields(Frozen):
    """All fields of one model. `mean`: share of all values that are right; `whole`: of rows whose values all are."""

    model: str
    kind: Kind
    fields: tuple[FieldScore, ...]
    mean: float
    mean_interval: Bounds
    whole: float
    whole_interval: Bounds


class FieldChange(Frozen):
    """One field, the whole object or all values: the fine-tuned model against the other on the same test rows.

    `rows`, `gained`, `lost` are of both; for `all values` these are values. `adjusted_p_value` and the interval, at
    `level`, are those of all fields and the whole object judged together; all values are judged alone.
    """

    of: Literal["field", "whole object", "all values"]
    field: str
    rows: int
    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    adjusted_p_value: float
    level: float
    verdict: Verdict


class ModelChanges(Frozen):
    """A fine-tuned model against its base, or against another base model, field by field."""

    model: str
    against: str
    changes: tuple[FieldChange, ...]


class Fields(Frozen):
    """The fields of the answers: what was asked for, what each model got right, and what fine-tuning changed."""

    asked: tuple[AskedField, ...]
    models: tuple[ModelFields, ...]
    changes: tuple[ModelChanges, ...]
    """Each fine-tuned model against its base; and the best of them against the best base model, if that is another."""
    margin: float
