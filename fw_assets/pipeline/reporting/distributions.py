"""Distributions that the evaluated models gave of the test rows: their scores, thresholds, and rows of no label."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.label_thresholds import DEFAULT_RULE, LabelThresholds
from fw_assets.classification.metrics.distribution_scores import (
    DISTRIBUTION_COLUMNS,
    RowScores,
    compare_distributions,
    distribution_scores,
    row_scores,
)
from fw_assets.classification.metrics.threshold_fit import choose_sets, macro_f1, validation_sets
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.answer_parser import PROBABILITIES
from fw_assets.classification.prompting.distribution import WHOLE_LABELS
from fw_assets.classification.selection.bootstrap import bootstrap_f1
from fw_assets.classification.selection.bootstrap_units import LabelEvents, UnitCounter
from fw_assets.classification.values import Interval
from fw_assets.report.schema.distributions import DistributionResult, ThresholdResult
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.workspace.predictions import prediction_batches, prediction_path
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


def threshold_results(
    store: Workspace,
    plan: Plan,
    models: Mapping[tuple[str, str], str],
    fitted: Mapping[tuple[str, str], LabelThresholds | None],
) -> tuple[ThresholdResult, ...]:
    """One result per model whose labels follow from a probability for each, in the order of `models`.

    Args:
        models: the full name of each model, by slug and kind (`base`, `tuned`, `baseline`).
        fitted: the thresholds of each, as far as they were fitted here.
    """
    if not plan.label_set.multi_label:
        return ()
    results = []
    for (slug, kind), name in models.items():
        thresholds, shown = fitted.get((slug, kind)), "fine-tuned" if kind == "tuned" else kind
        if thresholds is not None:
            gain = _threshold_gain(store, plan, (slug, kind), thresholds)
            results.append(
                ThresholdResult(
                    model=name,
                    kind=shown,
                    rule=thresholds.rule,
                    thresholds=thresholds,
                    macro_f1=gain[0] if gain else None,
                    gain=gain[1] if gain else None,
                )
            )
        elif kind == "tuned" and _fits_thresholds(plan, plan.model(slug)):
            rule = plan.job_thresholds(plan.model(slug)) or DEFAULT_RULE
            results.append(ThresholdResult(model=name, kind=shown, rule=rule))
    return tuple(results)


def _fits_thresholds(plan: Plan, model: PlannedModel) -> bool:
    """Whether the platform fits thresholds when it trains a model, which then writes labels by them."""
    decides = plan.session.inference == "decision" or model.arm is not None
    return not decides and model.entry is not None and bool(model.entry.threshold_rules)


def _threshold_gain(
    store: Workspace, plan: Plan, model: tuple[str, str], thresholds: LabelThresholds
) -> tuple[float, Interval] | None:
    """The macro-F1 with one threshold for all labels on the test rows, and what thresholds of their own add to it."""
    labels = plan.label_set.labels
    if not thresholds.by_label or len(labels) > WHOLE_LABELS:
        return None
    columns = ("id", "gold", "group", PROBABILITIES)
    rows = validation_sets(prediction_batches(store, plan.dataset, *model, "test", columns), labels)
    if rows is None:
        return None
    one, own = (
        choose_sets(rows.probability, np.array(item.of(labels)), allow_empty=item.allow_empty)
        for item in (thresholds.model_copy(update={"by_label": ()}), thresholds)
    )
    units = UnitCounter(len(labels))
    events = (np.flatnonzero(flags.ravel()) for flags in (rows.truth, one, own))
    units.add(LabelEvents(*events), rows.groups.astype(np.uint32))
    return macro_f1(one, rows.truth), bootstrap_f1(units, seed=plan.session.seed).macro


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
