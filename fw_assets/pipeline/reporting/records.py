"""Records of a run: the scores of each field and their comparison, from the stored predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.metrics.record_scores import RecordScores, record_scores
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.record_comparison import RECORD_COLUMNS, RecordComparison, compare_records
from fw_assets.classification.selection.selection import Winner
from fw_assets.classification.values import Interval
from fw_assets.report.assembly.fields import fields_result
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.schema.fields import Fields
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def validation_accuracy(store: Workspace, plan: Plan, model: Model, validation: Scores) -> Interval:
    """What a model is ranked by: its accuracy on the validation rows, over all fields where there are several."""
    scores = model_record_scores(store, plan, model, "validation")
    return validation.headline if scores is None else scores.mean


def model_record_scores(
    store: Workspace, plan: Plan, model: Model, part: Literal["validation", "test"]
) -> RecordScores | None:
    """The scores of each field on the rows of a part; None where the label alone is asked for."""
    fields = plan.label_set.fields
    if not fields:
        return None
    return record_scores(prediction_batches(store, plan.dataset, *model, part, ("fields", "group")), fields)


def record_comparison(store: Workspace, plan: Plan, first: Model, second: Model) -> RecordComparison | None:
    """The second model against the first on the test rows; None where the label alone is asked for."""
    fields = plan.label_set.fields
    if not fields:
        return None
    batches = (prediction_batches(store, plan.dataset, *model, "test", RECORD_COLUMNS) for model in (first, second))
    names = [field.name for field in fields]
    return compare_records(*batches, names=names, margin=plan.session.margin)


def record_results(store: Workspace, plan: Plan, models: Sequence[Model], winner: Winner) -> Fields | None:
    """The fields of every model that was asked, and each fine-tuned one against its base.

    The best fine-tuned one also against the best that needs no tuning, by the validation rows.
    """
    fields = plan.label_set.fields
    if not fields:
        return None
    scores = {model: model_record_scores(store, plan, model, "test") for model in models}
    pairs = [(slug, slug) for slug, kind in models if kind == "tuned"]
    if winner.challenger is not None and winner.untuned is not None:
        pairs.append((winner.untuned, winner.challenger))
    changes = {
        (base, tuned): record_comparison(store, plan, (base, "base"), (tuned, "tuned"))
        for base, tuned in dict.fromkeys(pairs)
    }
    return fields_result(
        fields,
        {model: found for model, found in scores.items() if found is not None},
        {pair: found for pair, found in changes.items() if found is not None},
        plan.session.margin,
    )
