"""Renewed plan: made again by a step that found other prices or models than the plan states, and shown in its place."""

from __future__ import annotations

from typing import NamedTuple

import dagster as dg

from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.offer_drift import offer_drift
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.errors.phase import PlanOutdated
from fw_assets.pipeline.input_digests import finalists_inputs
from fw_assets.pipeline.planning.draft import PlanDraft, changed_draft, draft_again
from fw_assets.pipeline.planning.stored_plan import store_plan
from fw_assets.pipeline.platform.catalogue import read_priced_catalogue
from fw_assets.pipeline.platform.deployment_quotes import with_quotes
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.stored_fields import StoredFinalists
from fw_assets.pipeline.ui.plan_checks import plan_checks
from fw_assets.pipeline.ui.plan_metadata import plan_metadata
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.workspace.workspace import Workspace


class PlanPage(NamedTuple):
    """Where Dagster's pages show the plans of a workflow."""

    instance: dg.DagsterInstance
    workflow: WorkflowInstance


def renew_plan(page: PlanPage, store: Workspace, platform: Platform, dataset: str) -> PlanChanges | None:
    """Make the stored plan again if it states anything otherwise than the platform now; returns what changed.

    Raises:
        InputError: the price file is wrong, or a model of the plan cannot be used any more.
        FireworksError: the platform could not be asked.
    """
    draft = changed_draft(store, platform, dataset)
    return None if draft is None else publish_plan(page, store, draft)


def publish_plan(page: PlanPage, store: Workspace, draft: PlanDraft) -> PlanChanges:
    """Store a plan and report it to Dagster as a materialization of `plan`, from within the run of another asset."""
    plan, (instance, workflow) = draft.plan, page
    key = dg.AssetKey(workflow.key("plan"))
    changes, text = store_plan(store, draft)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            key,
            partition=plan.dataset,
            metadata=plan_metadata(plan, changes, text, workflow),
            tags={"dagster/data_version": plan.digest},
        )
    )
    for check in plan_checks(plan):
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=check.check_name or "",
                passed=check.passed,
                metadata=check.metadata,
                severity=check.severity,
                description=check.description,
            )
        )
    return changes


async def require_offer(
    client: Fireworks,
    page: PlanPage,
    platform: Platform,
    account: PlanAccount,
    stage: Stage,
    step: str,
    model: str,
) -> PriceBook:
    """The prices of now, before a step spends: what is still to be done must be as approved, or cheaper.

    Args:
        step: what is about to start, as the message names it.
        model: slug of the one that the step is about: in a deployment the only one that is still in use, before it the
            finalists are too.

    Raises:
        PlanOutdated: it is not; nothing was started, and the plan was made again and waits for approval.
        InputError: the price file is wrong.
        FireworksError: the platform could not be asked.
    """
    store, plan, approve = account.store, account.plan, to_approve(account.store, account.dataset)
    priced = await read_priced_catalogue(client)
    try:
        draft = draft_again(store, platform, plan, await with_quotes(client, priced, plan.session))
    except InputError as error:
        if any(problem.kind != "model" for problem in error.problems):
            raise
        raise PlanOutdated(step, plan.digest, [problem.message for problem in error.problems], approve) from None
    finalists = [] if stage == "deployment" else _finalists(store, account)
    used = None if finalists is None else [*finalists, model]
    drift = offer_drift(plan, draft.plan, account.mitigation, stage, used)
    if drift:
        changes = publish_plan(page, store, draft)
        raise PlanOutdated(step, plan.digest, drift, approve, changes.plan_digest)
    return priced.prices


def _finalists(store: Workspace, account: PlanAccount) -> list[str] | None:
    """The models that go on under this plan, None while they are not chosen."""
    slugs = [model.slug for model in account.plan.models]
    head = store.header("finalists", account.dataset)
    if head is None or head.inputs != finalists_inputs(store, account.dataset, account.plan.digest, slugs):
        return None
    return store.require_fields("finalists", account.dataset, StoredFinalists).slugs
