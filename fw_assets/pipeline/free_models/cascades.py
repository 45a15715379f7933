"""Cascades of a free model and another one: which there are, and what the validation rows chose for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from fw_assets.classification.baselines.baselines import BaselineName
from fw_assets.classification.cascade.answers import FREE_COLUMNS, OTHER_COLUMNS, PairedAnswers
from fw_assets.classification.cascade.threshold import CascadeThreshold, cascade_threshold, cheapest
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.selection import ModelKind
from fw_assets.pipeline.values.base_results import unevaluated
from fw_assets.pipeline.values.delivery import FinalistsRecord
from fw_assets.pipeline.values.evaluation import Baselines
from fw_assets.pipeline.values.tuned_decisions import tuned_metrics
from fw_assets.workspace.predictions import predictions
from fw_assets.workspace.workspace import Workspace

ALPHA = 0.05
"""The chance that any of a run's cascades loses the margin or more against its other model."""
_WEIGHTS: dict[BaselineName, float] = {"encoder": 4.0, "tfidf": 1.0}
"""Shares of that chance. With a share each, three models asked in three ways leave too little of it for any."""
Other = tuple[str, ModelKind]
"""The slug and the kind of the model that is asked where the free one is not sure."""


class Cascade(NamedTuple):
    """A free model, the other one, and the threshold between them; None where none is shown to be within the margin."""

    free: BaselineName
    other: Other
    alpha: float
    threshold: CascadeThreshold | None


def cascades(store: Workspace, plan: Plan, only: Other | None = None) -> tuple[Cascade, ...]:
    """The cascades of the plan's models, in use or not, each chosen on the validation rows.

    Empty where answers are objects of several fields, of which a free model tells the label alone.

    Args:
        only: of this other model; the bound is that of all together nonetheless.
    """
    pairs = [] if plan.session.fields else _pairs(store, plan)
    found = []
    shared = sum(_WEIGHTS[free] for free, _ in pairs)
    for free, other in pairs:
        if only in (None, other):
            alpha = ALPHA * _WEIGHTS[free] / shared
            answers = paired_answers(store, plan, free, other, "validation")
            found.append(Cascade(free, other, alpha, cascade_threshold(answers, plan.session.margin, alpha)))
    return tuple(found)


def best_cascade(found: Sequence[Cascade], in_use: Other, margin: float) -> Cascade | None:
    """The cheapest of the model in use that is within the margin of its most accurate one on the validation rows."""
    own = [item for item in found if item.other == in_use and item.threshold is not None]
    best = cheapest([item.threshold for item in own if item.threshold is not None], margin)
    return None if best is None else own[best]


def paired_answers(
    store: Workspace, plan: Plan, free: BaselineName, other: Other, part: Literal["validation", "test"]
) -> PairedAnswers:
    """The answers of both to the rows of a part."""
    return PairedAnswers.of(
        predictions(store, plan.dataset, free, "baseline", part, FREE_COLUMNS),
        predictions(store, plan.dataset, *other, part, OTHER_COLUMNS),
    )


def _pairs(store: Workspace, plan: Plan) -> list[tuple[BaselineName, Other]]:
    """Every free model that has something to be sure of, with every other one."""
    baselines = store.read("baselines", plan.dataset, Baselines)
    finalists = store.read("finalists", plan.dataset, FinalistsRecord)
    without = unevaluated(store, plan)
    others: list[Other] = [(model.slug, "base") for model in plan.models if model.slug not in without]
    others += [(slug, "tuned") for slug in (tuned_metrics(store, plan, finalists.slugs) if finalists else ())]
    names = [item.name for item in (baselines.found if baselines else ()) if item.name != "majority"]
    return [(name, other) for name in names for other in others]
