"""Accuracy by slices of the test rows: of the model that is kept, and of the fine-tuned model against its base."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.paired_counts import paired
from fw_assets.classification.selection.slice_accuracy import (
    SliceAccuracy,
    SliceChange,
    slice_accuracies,
    slice_changes,
)
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.assembly.slices import slices_result
from fw_assets.report.schema.slices import Slices
from fw_assets.workspace.dataset_rows import SLICES, split_rows
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def slice_results(store: Workspace, plan: Plan, kept: Model, challenger: str | None) -> Slices | None:
    """The slices that the session asked for; None where it asked for none.

    Args:
        kept: the model that stays in use.
        challenger: the best fine-tuned model.
    """
    fields = plan.label_set.slices
    if not fields:
        return None
    margin = plan.session.margin
    accuracies: tuple[SliceAccuracy, ...] = ()
    changes: tuple[SliceChange, ...] = ()
    if any(field.judged for field in fields):
        slices = split_rows(store, plan.dataset, "test").select("id", slices=SLICES).collect()
        accuracies = slice_accuracies(_answers(store, plan.dataset, kept).join(slices, on="id"), fields, margin)
        if challenger is not None:
            changes = slice_changes(_pairs(store, plan.dataset, challenger).join(slices, on="id"), fields, margin)
    return slices_result(kept, challenger, fields, accuracies, changes, margin)


def _answers(store: Workspace, dataset: str, model: Model) -> pl.DataFrame:
    """The answered test rows of a model, and whether each is right."""
    batches = prediction_batches(store, dataset, *model, "test", ("id", "outcome", "group"))
    answered = (batch.filter(pl.col("outcome") != "failed") for batch in batches)
    right = pl.col("outcome") == "correct"
    return pl.concat([batch.select("id", "group", right.alias("right")) for batch in answered])


def _pairs(store: Workspace, dataset: str, slug: str) -> pl.DataFrame:
    """The test rows that a fine-tuned model and its base answered, and whether each was right."""
    base, tuned = (prediction_batches(store, dataset, slug, kind, "test") for kind in ("base", "tuned"))
    answered = (pl.col("outcome") != "failed") & (pl.col("outcome_tuned") != "failed")
    before, after = (pl.col(name) == "correct" for name in ("outcome", "outcome_tuned"))
    columns = ("id", "group", before.alias("before"), after.alias("after"))
    return pl.concat([part.filter(answered).select(columns) for part in paired(base, tuned)])
