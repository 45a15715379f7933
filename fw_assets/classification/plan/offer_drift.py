"""Drift of the offer under an approved plan: what got dearer or is no longer offered, of what is still to be done."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fw_assets.classification.cost.cost_lines import STAGES, CostLine, Stage
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import price_changes
from fw_assets.classification.session import Mitigation


def offer_drift(
    plan: Plan, now: Plan, mitigation: Mitigation, stage: Stage, finalists: Collection[str] | None = None
) -> tuple[str, ...]:
    """One sentence per reason why an approval of `plan` does not reach as far as a stage and those after it.

    What got cheaper, is offered besides, or concerns stages that are over is none.

    Args:
        now: the same plan made again under the offer of now.
        mitigation: as approved.
        finalists: slugs of the models that go on; None before they are chosen.
    """

    def ahead(source: Plan) -> list[CostLine]:
        return [
            line
            for line in source.estimate_for(mitigation).lines
            if STAGES.index(line.stage) >= STAGES.index(stage)
            and (finalists is None or line.model is None or line.model in finalists)
        ]

    models = [model.slug for model in plan.models if finalists is None or model.slug in finalists]
    losses = [loss for slug in models for loss in _losses(plan, now, slug, stage)]
    if stage in ("base-evaluation", "deployment"):
        losses += [
            f"{model.slug} is not served by {model.deployment} any more."
            for model in plan.models
            if model.deployment and model.deployment != now.model(model.slug).deployment
        ]
    return (*losses, *price_changes(plan, ahead(plan), ahead(now), rises=True))


def _losses(plan: Plan, now: Plan, slug: str, stage: Stage) -> Iterator[str]:
    before, after = plan.model(slug), now.model(slug)
    if after.entry is None:
        return
    planned = {before.tuned_strategy} | ({before.strategy} if stage == "base-evaluation" else set())
    if "serverless" in planned and not after.entry.serverless:
        yield f"{slug} is not served without a deployment any more."
    if "batch" in planned and not after.entry.batch:
        yield f"{slug} takes no batch inference any more."
    if before.entry is not None:
        context, left = before.entry.context_length, after.entry.context_length
        if context is not None and left is not None and left < context:
            yield f"{slug}: context length {context:,} -> {left:,}."
    if stage in ("base-evaluation", "sweep") and before.cells != after.cells:
        yield f"{slug}: another grid is published."
