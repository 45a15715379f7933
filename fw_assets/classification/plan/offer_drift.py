"""Drift of the offer under an approved plan: what got dearer or is no longer offered, of what is still to be done."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.cost.cost_lines import STAGES, CostLine, Stage
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import price_changes
from fw_assets.classification.session import Mitigation


def offer_drift(
    plan: Plan, now: Plan, mitigation: Mitigation, stage: Stage, used: Collection[str] | None = None
) -> tuple[str, ...]:
    """One sentence per reason why an approval of `plan` does not reach as far as a stage and those after it.

    What got cheaper, is offered besides, or concerns models and stages that are over is none.

    Args:
        now: the same plan made again under the offer of now.
        mitigation: as approved.
        used: slugs of the models that go on: the finalists, then the winner; None before they are chosen.
    """

    def ahead(source: Plan) -> list[CostLine]:
        return [
            line
            for line in source.estimate_for(mitigation).lines
            if STAGES.index(line.stage) >= STAGES.index(stage)
            and (used is None or line.model is None or line.model in used or line.finalist in used)
        ]

    models = [model for model in plan.models if used is None or model.slug in used]
    losses = [loss for model in models for loss in _losses(model, now.model(model.slug), stage)]
    return (*losses, *price_changes(plan, ahead(plan), ahead(now), rises=True))


def _losses(before: PlannedModel, after: PlannedModel, stage: Stage) -> Iterator[str]:
    if after.entry is None:
        return
    slug = before.slug
    tuned = set() if before.base_model else {before.tuned_strategy}
    planned = tuned | ({before.strategy} if stage == "base-evaluation" else set())
    if "serverless" in planned and not after.entry.serverless:
        yield f"{slug} is not served without a deployment any more."
    # Adapters are asked in batches although nothing says of them that they can be.
    if "batch" in planned and not after.entry.batch and not before.base_model:
        yield f"{slug} takes no batch inference any more."
    if before.deployment and before.deployment != after.deployment:
        yield f"{slug} is not served by {before.deployment} any more."
    if before.entry is not None:
        yield from _other_model(slug, before.entry, after.entry)
    if stage in ("base-evaluation", "sweep") and before.cells != after.cells:
        yield f"{slug}: another grid is published."


def _other_model(slug: str, before: CatalogueModel, after: CatalogueModel) -> Iterator[str]:
    """What the same name does not stand for any more."""
    if before.weights and after.weights != before.weights:
        yield f"{slug} was added again with other weights."
    if before.serves != after.serves:
        yield f"{slug} serves {_short(after.serves)}, not {_short(before.serves)}."
    context, left = before.context_length, after.context_length
    if context is not None and left is not None and left < context:
        yield f"{slug}: context length {context:,} -> {left:,}."
    if before.base_model != after.base_model:
        yield f"{slug} was trained from {_short(after.base_model)}, not from {_short(before.base_model)}."
    if before.rank is not None and before.rank != after.rank:
        yield f"{slug} has rank {after.rank}, not {before.rank}."


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1] or "nothing"
