"""Fine-tuned models as they were measured: by their texts, and by decisions where they answer them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.workspace.workspace import Workspace

_METRICS, _REFUSAL = "metrics", "decision_refusal"


class DecisionRefusal(Frozen):
    """Why a fine-tuned model answers no decisions, in the platform's words."""

    why: str


def store_decided(
    store: Workspace, dataset: str, row: str, result: TunedMetrics | DecisionRefusal, *, inputs: str
) -> None:
    """Store what decisions of a fine-tuned model came to, in place of what they came to under an earlier plan."""
    asset, other = (_METRICS, _REFUSAL) if isinstance(result, TunedMetrics) else (_REFUSAL, _METRICS)
    store.remove(other, dataset, row)
    store.write(asset, dataset, result, inputs=inputs, model=row)


def tuned_metrics(store: Workspace, plan: Plan, finalists: Sequence[str]) -> dict[str, TunedMetrics]:
    """What was measured of the finalists, by the ids of their rows; decisions stand in the row of their arm.

    Raises:
        FileNotFoundError: the texts of a finalist were not measured.
    """
    found = {}
    for slug in finalists:
        found[slug] = store.require(_METRICS, plan.dataset, TunedMetrics, slug)
        row = plan.decided(slug)
        if row and (decided := store.read(_METRICS, plan.dataset, TunedMetrics, row)):
            found[row] = decided
    return found


def refused_decisions(store: Workspace, plan: Plan, finalists: Sequence[str]) -> tuple[LeftOutArm, ...]:
    """The fine-tuned models that were left out of the arm `decision`."""
    rows = {slug: row for slug in finalists if (row := plan.decided(slug))}
    return tuple(
        LeftOutArm(name=plan.model(row).name, model=f"The fine-tuned {slug}", arm="decision", why=refusal.why)
        for slug, row in rows.items()
        if (refusal := store.read(_REFUSAL, plan.dataset, DecisionRefusal, row))
    )
