"""Phase 2: a person's answer to the plan, without which nothing starts."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from typing import cast

import dagster as dg

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.pipeline.config import ApprovalConfig, Decision, MitigationChoice
from fw_assets.pipeline.errors.phase import NotAnAnswer, NotApproved
from fw_assets.pipeline.phases import AUTOMATIC
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_config import Driver
from fw_assets.pipeline.run_tags import APPROVED, tag, usd_tag
from fw_assets.pipeline.signature.answer import check_person, check_version, now
from fw_assets.pipeline.signature.trail import answer_rows, record_answer
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.renewed_plan import PlanPage, renew_plan
from fw_assets.pipeline.steps.retries import readable_failures, refusals
from fw_assets.pipeline.ui.metadata import summary, table
from fw_assets.pipeline.ui.plan_checks import approval_checks
from fw_assets.pipeline.values.approval import Approval, PlanChanges
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.escape import code
from fw_assets.report.formatting import usd_roughly
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"human"},
    description=(
        "Phase 2: A person's answer to the plan; what follows starts by itself.\n\n"
        "Read the asset plan first, and click “Approve or reject this plan” there, beside answer. Or here: click "
        "Materialize, choose your dataset under Partition, click “Scaffold missing config”, and write your name "
        "between the quotes of approved_by and the plan's digest between those of plan_digest.\n\n"
        "To say no, write decision: reject. Against imbalance, write mitigation: rebalance, weight, drop_rare or "
        "none. That the labels are right says labels_confirmed: true.\n\n"
        "The answer holds for the plan's digest alone: a changed plan waits for a new one."
    ),
)
def approval(
    context: dg.AssetExecutionContext,
    config: ApprovalConfig,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Records the answer, bound to the plan's digest. A changed plan has another digest and needs a new answer."""
    store, dataset = workspace.open(), context.partition_key
    digest, plan = _plan_to_answer(store, dataset, config)
    answer = _answer(plan, digest, config)
    if answer.decision == "approved":
        with readable_failures():
            changes = renew_plan(PlanPage(context.instance, workflow), store, platform.open(), dataset)
            if changes is not None and not answer.automatic:
                raise NotApproved(_outdated(digest, changes))
        if changes is not None:  # nobody has read the plan: the new one may approve itself as well
            digest, plan = changes.plan_digest, store.require("plan", dataset, Plan)
            answer = _answer(plan, digest, config)
    record_answer(store, dataset, answer)
    store.write("answered_plan", dataset, plan, inputs=answer.plan_digest, digest=answer.plan_digest)
    store.write("approval", dataset, answer, inputs=answer.plan_digest)
    ceiling = plan.ceiling_usd(answer.mitigation) if answer.decision == "approved" else 0.0
    tag(context, usd_tag(APPROVED, ceiling))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{answer.plan_digest}-{answer.decision}-{answer.mitigation}"),
        check_results=approval_checks(dataset, answer, plan.label_set.given),
        metadata={
            "summary": _summary(store, dataset, answer, ceiling),
            "approved_usd": ceiling,
            "answers": table(answer_rows(store, dataset, "plan_digest", "mitigation", "note")),
            "decision": answer.decision,
            "approved_by": answer.approved_by,
            "plan_digest": answer.plan_digest,
            "mitigation": answer.mitigation,
            "labels": len(answer.labels),
            "labels_confirmed": answer.labels_confirmed,
            "automatic": answer.automatic,
            **({"note": answer.note} if answer.note else {}),
        },
    )


def _plan_to_answer(store: Workspace, dataset: str, config: ApprovalConfig) -> tuple[str, Plan]:
    """The current plan with the digest that it is stored under.

    Raises:
        dagster.Failure: there is none, or it is not the one that was read.
    """
    head, plan = store.header("plan", dataset), store.read("plan", dataset, Plan)
    if head is None or plan is None:
        raise _refusal(f"there is no plan of {dataset} to approve: materialize `plan` first")
    changes = store.read("plan_changes", dataset, PlanChanges)
    with refusals():
        check_version(
            config.plan_digest,
            head.digest,
            f"the plan of {dataset}",
            where="plan_digest is empty; the link beside `answer` on the page of `plan` fills it in",
            again=f"look at plan.md again. {' '.join(changes.differences) if changes else ''}",
        )
    return head.digest, plan


def _answer(plan: Plan, digest: str, config: ApprovalConfig) -> Approval:
    """The answer as it is recorded.

    Raises:
        dagster.Failure: nobody gives it, the plan may not approve itself, or it cannot have this mitigation.
    """
    with refusals():
        check_person(config.approved_by)
    approved = config.decision is Decision.approve
    automatic = config.approved_by == AUTOMATIC
    if automatic and not (approved and plan.approves_itself):
        raise _refusal(
            f"the plan of {plan.dataset} does not approve itself: it costs up to ${plan.estimate.high:,.2f}, a price "
            "is unknown, or a part of the instruction was not understood. A person has to answer."
        )
    as_planned = config.mitigation is MitigationChoice.as_planned
    mitigation = plan.session.mitigation if as_planned else cast("Mitigation", config.mitigation.value)
    impossible = plan.label_set.imbalance.refusal(mitigation)
    with refusals():
        if approved and impossible:
            raise NotAnAnswer(f"{plan.dataset}: {impossible}")
    return Approval(
        plan_digest=digest,
        decision="approved" if approved else "rejected",
        approved_by=config.approved_by,
        mitigation=mitigation,
        note=config.note,
        driver=cast("Driver", config.driver.value) if config.driver else "daemon",
        automatic=automatic,
        labels=plan.label_set.labels,
        labels_confirmed=config.labels_confirmed or plan.label_set.given,
        at=now(),
    )


def _outdated(digest: str, changes: PlanChanges) -> str:
    return (
        f"nothing was approved: the platform's offer has changed since plan {digest} was made. "
        f"{' '.join(changes.differences)} The plan was made again as {changes.plan_digest}: look at plan.md again, and "
        "answer that one."
    )


def _refusal(why: str) -> dg.Failure:
    return dg.Failure(why, allow_retries=False)


def _summary(store: Workspace, dataset: str, answer: Approval, ceiling: float) -> dg.MarkdownMetadataValue:
    mitigation = f", with the mitigation **{answer.mitigation}**." if answer.mitigation != "none" else "."
    decision = f"plan {answer.plan_digest} is **{answer.decision}** by {code(answer.approved_by, table=False)}"
    money = f"Up to **{usd_roughly(ceiling)}** may be spent." if ceiling else "It costs nothing."
    if answer.decision == "rejected":
        follows = "Nothing is started, and nothing spent. The plan can still be approved, by another answer."
    elif answer.driver == "command-line":
        follows = f"{money} `{command(store, 'run', dataset, anywhere=True)}` carries on."
    else:
        follows = f"{money} What follows starts by itself: see *Runs*, and *Automation* → `phases`."
    return summary(dataset, decision + mitigation, follows)
