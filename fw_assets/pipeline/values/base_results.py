"""Base models as they were evaluated: each has figures, or the reason why it could not be asked."""

from __future__ import annotations

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.input_digests import unevaluated_inputs
from fw_assets.pipeline.values.evaluation import BaseMetrics
from fw_assets.workspace.workspace import Workspace

_METRICS, _REASON = "base_metrics", "unevaluated"


class Unevaluated(Frozen):
    """Why a base model, or one under an arm, has no figures, as it follows its name; the others go on without it."""

    why: str

    @property
    def note(self) -> str:
        """What stands in its row of a table."""
        return f"not evaluated: it {self.why.rstrip('.')}"


def store_unevaluated(store: Workspace, dataset: str, slug: str, value: Unevaluated) -> str:
    """Store the reason in place of figures of an earlier plan, and return its digest.

    It holds under the current approval: under another, the model is asked again.
    """
    store.remove(_METRICS, dataset, slug)
    return store.write(_REASON, dataset, value, inputs=_inputs(store, dataset), model=slug)


def remove_reason(store: Workspace, dataset: str, slug: str) -> None:
    """Forget why a model was not evaluated: it has figures now."""
    store.remove(_REASON, dataset, slug)


def base_results(store: Workspace, plan: Plan) -> dict[str, BaseMetrics]:
    """The figures of every model of the plan that could be evaluated, by its id.

    Raises:
        FileNotFoundError: a model has neither figures nor a reason.
    """
    reasons = unevaluated(store, plan)
    slugs = [model.slug for model in plan.models if model.slug not in reasons]
    return {slug: store.require(_METRICS, plan.dataset, BaseMetrics, slug) for slug in slugs}


def unevaluated(store: Workspace, plan: Plan) -> dict[str, Unevaluated]:
    """The models of the plan that could not be evaluated under its approval, by their ids."""
    inputs, found = _inputs(store, plan.dataset), dict[str, Unevaluated]()
    for model in plan.models:
        head = store.header(_REASON, plan.dataset, model.slug)
        if head is not None and head.inputs == inputs:
            found[model.slug] = store.require(_REASON, plan.dataset, Unevaluated, model.slug)
    return found


def _inputs(store: Workspace, dataset: str) -> str:
    approval = store.header("approval", dataset)
    return unevaluated_inputs(approval.digest if approval else "")
