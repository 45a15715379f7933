"""Fields as report.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.metrics.record_scores import RecordScores
from fw_assets.classification.selection.pair_comparison import PairComparison
from fw_assets.classification.selection.record_comparison import RecordComparison
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.fields import AskedField, FieldChange, Fields, FieldScore, ModelChanges, ModelFields


def fields_result(
    fields: Sequence[RecordField],
    scores: Mapping[Model, RecordScores],
    comparisons: Mapping[tuple[str, str], RecordComparison],
    margin: float,
) -> Fields:
    """All fields of one report.

    Args:
        scores: on the test rows, by model.
        comparisons: by base model and fine-tuned model.
    """
    of_any = next(iter(scores.values()), None)
    frequent = {item.name: item.most_frequent for item in of_any.fields} if of_any else {}
    return Fields(
        asked=tuple(
            AskedField(
                name=field.name,
                kind=field.kind,
                values=field.texts,
                absent=field.absent,
                most_frequent=frequent.get(field.name, 0.0),
            )
            for field in fields
        ),
        models=tuple(_model(model, found) for model, found in scores.items()),
        changes=tuple(
            ModelChanges(model=tuned, against=base, changes=tuple(_changes(comparison)))
            for (base, tuned), comparison in comparisons.items()
        ),
        margin=margin,
    )


def _model(model: Model, found: RecordScores) -> ModelFields:
    return ModelFields(
        model=model[0],
        kind=model[1],
        fields=tuple(
            FieldScore(
                field=item.name,
                accuracy=item.accuracy.value,
                interval=bounds(item.accuracy),
                lenient=item.lenient,
                macro_f1=item.macro_f1,
                outcomes={name: rows for name, rows in item.outcomes if rows},
            )
            for item in found.fields
        ),
        mean=found.mean.value,
        mean_interval=bounds(found.mean),
        whole=found.whole.value,
        whole_interval=bounds(found.whole),
    )


def _changes(comparison: RecordComparison) -> list[FieldChange]:
    return [
        *(_change("field", name, item) for name, item in zip(comparison.names, comparison.fields, strict=True)),
        _change("whole object", "", comparison.whole),
        _change("all values", "", comparison.mean),
    ]


def _change(of: Literal["field", "whole object", "all values"], name: str, item: PairComparison) -> FieldChange:
    return FieldChange(
        of=of,
        field=name,
        rows=item.rows,
        gained=item.gained,
        lost=item.lost,
        difference=item.difference.value,
        interval=bounds(item.difference),
        p_value=item.p_value,
        adjusted_p_value=item.adjusted_p,
        level=item.level,
        verdict=item.verdict,
    )
