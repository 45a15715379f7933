"""Scores of the distributions that the evaluated models gave of the test rows, and how they tell rows of no label."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.metrics.distribution_scores import (
    DISTRIBUTION_COLUMNS,
    RowScores,
    compare_distributions,
    distribution_scores,
    row_scores,
)
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.schema.distributions import DistributionResult
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.scope_predictions import model_scope
from fw_assets.workspace.workspace import Workspace


def distribution_results(
    store: Workspace, dataset: str, models: Mapping[tuple[str, str], str], labels: int
) -> tuple[DistributionResult, ...]:
    """One result per model whose predictions have probabilities, in the order of `models`.

    Args:
        models: the full name of each model, by slug and kind (`base`, `tuned`, `baseline`).
        labels: number of all labels; rows have one each.
    """
    of_rows = {key: found for key in models if (found := _row_scores(store, dataset, *key, labels)) is not None}
    results = []
    for (slug, kind), rows in of_rows.items():
        scores = distribution_scores(rows)
        base = of_rows.get((slug, "base")) if kind == "tuned" else None
        if scores is not None:
            results.append(
                DistributionResult(
                    model=models[slug, kind],
                    kind="fine-tuned" if kind == "tuned" else kind,
                    scores=scores,
                    against_base=compare_distributions(base, rows) if base is not None else None,
                )
            )
    return tuple(results)


def scope_results(store: Workspace, plan: Plan, models: Mapping[tuple[str, str], str]) -> tuple[ScopeResult, ...]:
    """One result per model, in the order of `models`; none where no row is known to belong to no label.

    Args:
        models: the full name of each model, by slug and kind (`base`, `tuned`, `baseline`).
    """
    found = (
        (key, name, model_scope(store, plan.dataset, *key, plan.session, plan.label_set))
        for key, name in models.items()
    )
    return tuple(
        ScopeResult(model=name, kind="fine-tuned" if kind == "tuned" else kind, figures=figures)
        for (_, kind), name, figures in found
        if figures is not None
    )


def _row_scores(store: Workspace, dataset: str, slug: str, kind: str, labels: int) -> RowScores | None:
    frame = store.scan_frame(*prediction_path(dataset, slug, kind, "test"))
    if "probabilities" not in frame.collect_schema():  # predictions of an earlier version
        return None
    return row_scores(frame.select(DISTRIBUTION_COLUMNS).collect(), labels)
