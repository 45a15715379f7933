"""Costs of mistakes of a run's models, from their stored predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.metrics.expected_cost import (
    COSTED_COLUMNS,
    RowCosts,
    best_constant,
    expected_cost,
    row_costs,
)
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.cost_comparison import CostComparison, compare_costs
from fw_assets.classification.selection.selection import ModelKind, RankedCandidate, Winner
from fw_assets.classification.values import Interval
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.schema.mistakes import CostChoice, MistakeCostsResult, ModelMistakes
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


def model_costs(store: Workspace, plan: Plan, model: Model, part: Literal["validation", "test"]) -> RowCosts | None:
    """The costs of a model's answers; None where the session has no costs."""
    if plan.session.costs is None:
        return None
    predictions = prediction_batches(store, plan.dataset, *model, part, COSTED_COLUMNS)
    return row_costs(predictions, plan.label_set.labels, plan.session.costs)


def model_cost(store: Workspace, plan: Plan, model: Model, part: Literal["validation", "test"]) -> Interval | None:
    """What a model's mistakes cost for a row; None where the session has no costs, and without an answer."""
    rows = model_costs(store, plan, model, part)
    return expected_cost(rows) if rows else None


def choice_costs(
    store: Workspace, plan: Plan, untuned: str | None, tuned: str | None, kind: ModelKind = "tuned"
) -> CostComparison | None:
    """A fine-tuned model, or an adapter that existed, against an untuned one on the test rows; None without costs."""
    if untuned is None or tuned is None:
        return None
    return _compare(store, plan, (untuned, "base"), (tuned, kind))


def _compare(store: Workspace, plan: Plan, first: Model, second: Model) -> CostComparison | None:
    if plan.session.costs is None:
        return None
    return compare_costs(
        prediction_batches(store, plan.dataset, *first, "test"),
        prediction_batches(store, plan.dataset, *second, "test"),
        labels=plan.label_set.labels,
        costs=plan.session.costs,
        margin=plan.session.margin,
    )


def mistakes_result(
    store: Workspace,
    plan: Plan,
    models: Sequence[Model],
    winner: Winner | None,
    in_use: Model | None = None,
    free: BaselineScores | None = None,
) -> MistakeCostsResult | None:
    """What mistakes on the test rows cost; None where the session has no costs.

    Args:
        in_use: the model that is compared with the baseline `free`.
    """
    results, constant = [], None
    for name, kind in models:
        rows = model_costs(store, plan, (name, kind), "test")
        cost = rows and expected_cost(rows)
        if rows is None or cost is None:
            continue
        constant = best_constant(rows, plan.label_set.labels)
        interval = (1000 * cost.low, 1000 * cost.high)
        results.append(ModelMistakes(name=name, kind=kind, cost=1000 * cost.value, interval=interval))
    if constant is None:
        return None
    compared = choice_costs(store, plan, winner.untuned, winner.challenger) if winner else None
    choice = None
    if winner is not None and compared is not None:
        choice = _cost_choice(winner.untuned or "", winner.challenger or "", compared)
    versus = _compare(store, plan, (free.name, "baseline"), in_use) if free and in_use else None
    return MistakeCostsResult(
        models=tuple(results),
        constant=constant.label,
        constant_cost=1000 * constant.cost,
        choice=choice,
        free=_cost_choice(free.name, in_use[0], versus) if free and in_use and versus else None,
    )


def _cost_choice(first: str, second: str, compared: CostComparison) -> CostChoice:
    return CostChoice(
        first=first,
        second=second,
        before=1000 * compared.before,
        after=1000 * compared.after,
        saved=1000 * compared.saved.value,
        interval=(1000 * compared.saved.low, 1000 * compared.saved.high),
        p_value=compared.p_value,
        margin=1000 * compared.margin,
        verdict=compared.verdict,
        unseen=compared.unseen,
        absent=compared.absent,
    )


def cost_figures(store: Workspace, plan: Plan, model: Model) -> dict[str, float | str]:
    """What mistakes on the test rows cost, as asset metadata; empty where the session has no costs."""
    cost = model_cost(store, plan, model, "test")
    if cost is None:
        return {}
    interval = f"{1000 * cost.low:,.1f} to {1000 * cost.high:,.1f}"
    return {"mistake_cost": round(1000 * cost.value, 2), "mistake_interval": interval}


def cost_column(entry: RankedCandidate) -> dict[str, float]:
    """What mistakes on the validation rows cost, as a column of a ranking; none where the session has no costs."""
    return {"cost of 1,000 rows": round(1000 * entry.cost.value, 2)} if entry.cost else {}
