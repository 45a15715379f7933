"""Accuracy by slices of the test rows, and by levels of the labels: of models, and of fine-tuned ones against bases."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fw_assets.classification.hierarchy.levels import LEVEL_COLUMNS, compare_levels, level_scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.paired_counts import paired
from fw_assets.classification.selection.slice_accuracy import (
    SliceAccuracy,
    SliceChange,
    slice_accuracies,
    slice_changes,
)
from fw_assets.classification.taxonomy.label_tree import label_tree
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.assembly.slices import slices_result
from fw_assets.report.schema.slices import Hierarchy, HierarchyResult, LevelChange, Slices
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


def hierarchy_result(store: Workspace, plan: Plan, models: Mapping[tuple[str, str], str]) -> Hierarchy | None:
    """Every model at each level of the labels, and fine-tuned ones against their bases; None without a hierarchy, and
    where rows may have several labels or fields.

    Args:
        models: the full name of each model, by slug and kind (`base`, `tuned`, `baseline`).
    """
    labels = plan.label_set
    tree = None if labels.multi_label or labels.fields else label_tree(labels.labels, plan.session.label_parents)
    if tree is None:
        return None
    rows = {key: prediction_batches(store, plan.dataset, *key, "test", LEVEL_COLUMNS) for key in models}
    changes = []
    for (slug, kind), name in models.items():
        base = rows.get((slug, "base"))
        if kind == "tuned" and base is not None:
            compared = compare_levels(base, rows[slug, kind], tree, margin=plan.session.margin)
            changes += [
                LevelChange(
                    model=name,
                    level=level,
                    difference=item.difference,
                    adjusted_p=item.adjusted_p,
                    verdict=item.verdict,
                )
                for level, item in enumerate(compared, 1)
            ]
    results = (
        HierarchyResult(
            model=name,
            kind="fine-tuned" if kind == "tuned" else kind,
            scores=level_scores(rows[slug, kind], tree),
        )
        for (slug, kind), name in models.items()
    )
    sizes = tuple(tree.size(level) for level in range(1, tree.levels + 1))
    return Hierarchy(separator=tree.separator, sizes=sizes, results=tuple(results), changes=tuple(changes))


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
