"""Draft of a plan: the stored plan made again under the offer of now, to be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import plan_again
from fw_assets.classification.plan.revised_estimate import EstimateBasis, revise_estimate
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Mitigation
from fw_assets.pipeline.planning.examples import few_shot_rows
from fw_assets.pipeline.planning.volumes import longest_context, plan_volumes
from fw_assets.pipeline.platform.catalogue import PricedCatalogue, offer, platform_pricing, priced_catalogue
from fw_assets.pipeline.platform.deployment_quotes import with_quotes
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.workspace.dataset_rows import asked_rows
from fw_assets.workspace.workspace import Workspace


class PlanDraft(NamedTuple):
    """A plan that is not stored yet, and what its estimate was made from."""

    plan: Plan
    basis: EstimateBasis


def draft_again(store: Workspace, platform: Platform, plan: Plan, priced: PricedCatalogue) -> PlanDraft:
    """The plan of a dataset made again.

    Raises:
        InputError: a model of the plan cannot be used any more, with the nearest that can.
    """
    offered = offer(platform, plan.session, priced)
    volumes = _volumes(store, platform, plan, offered.pricing)
    again = plan_again(plan, offered.models, volumes, offered.pricing, offered.warm_start)
    return PlanDraft(again, EstimateBasis(volumes=dict(volumes), pricing=offered.pricing))


def changed_draft(
    store: Workspace, platform: Platform, dataset: str, priced: PricedCatalogue | None = None
) -> PlanDraft | None:
    """The stored plan of a dataset made again, if it has become another by what the platform offers now.

    Args:
        priced: what it lists; None: it is asked. Quotes of deployments are asked for in any case.

    Raises:
        InputError: the price file is wrong, or a model of the plan cannot be used any more.
        FireworksError: the platform could not be asked.
    """
    plan = store.require("plan", dataset, Plan)
    listed = priced or priced_catalogue(platform)
    quoted = platform.call(lambda client: with_quotes(client, listed, plan.session))
    draft = draft_again(store, platform, plan, quoted)
    return None if plan.holds_under(draft.plan) else draft


def estimate_now(
    store: Workspace, platform: Platform, plan: Plan, mitigation: Mitigation, priced: PricedCatalogue
) -> Estimate:
    """The estimate of a plan as it stands, at the prices of now."""
    pricing = platform_pricing(platform, priced.prices)
    basis = EstimateBasis(volumes=dict(_volumes(store, platform, plan, pricing)), pricing=pricing)
    return revise_estimate(plan, basis, mitigation, {})


def _volumes(store: Workspace, platform: Platform, plan: Plan, pricing: Pricing) -> Mapping[str, TextVolume]:
    """The text volumes that the stored plan was made from; measured again where they are not kept."""
    plan_head, head = store.header("plan", plan.dataset), store.header("basis", plan.dataset)
    if plan_head is not None and head is not None and head.inputs == plan_head.digest:
        basis = store.require("basis", plan.dataset, EstimateBasis)
        # Tokens that one platform's rule has counted are none of another's.
        if basis.pricing.ratio == pricing.ratio:
            return basis.volumes
    prompt = store.require("prompt", plan.dataset, Prompt)
    frame = asked_rows(store, plan.dataset, plan.label_set)
    few_shot = few_shot_rows(store, plan.dataset, plan.examples) if plan.examples else None
    context = longest_context([model.entry for model in plan.models if model.entry])
    return plan_volumes(frame, plan.session, prompt, platform, few_shot, context, plan.shortlists)
