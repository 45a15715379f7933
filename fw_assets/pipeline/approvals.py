"""The approval of a dataset's current plan, and the account that it opens."""

from __future__ import annotations

from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.regression_account import RegressionAccount
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.pipeline.values.approval import Approval
from fw_assets.pipeline.workflow.next_step import to_answer, to_plan
from fw_assets.workspace.workspace import Workspace


def require_approval(store: Workspace, dataset: str) -> Approval:
    """The approval of the current plan.

    Raises:
        NotApproved: there is none, it is of another plan, or the plan was rejected.
    """
    head = store.header("plan", dataset)
    approval = store.read("approval", dataset, Approval)
    if head is None or approval is None or approval.plan_digest != head.digest:
        if head is None:
            raise NotApproved(f"{dataset} has no plan yet: made by {to_plan(store, dataset)}")
        raise NotApproved(
            f"the current plan of {dataset} ({head.digest}) is not approved: read plan.md, then "
            f"{to_answer(store, dataset, head.digest)}"
        )
    if approval.decision == "rejected":
        raise NotApproved(f"plan {approval.plan_digest} was rejected by {approval.approved_by}: nothing is started")
    return approval


def approved_plan(store: Workspace, dataset: str) -> Plan:
    """The current plan, if it is approved.

    Raises:
        NotApproved: it is not.
    """
    require_approval(store, dataset)
    return store.require("plan", dataset, Plan)


def approved_account(store: Workspace, dataset: str) -> PlanAccount:
    """The account of the current plan under the approved mitigation.

    Raises:
        NotApproved: the plan is not approved.
    """
    approval = require_approval(store, dataset)
    header = store.header("approval", dataset)
    signature = header.digest if header else ""
    return PlanAccount(store, dataset, store.require("plan", dataset, Plan), approval.mitigation, signature)


def regression_account(store: Workspace, dataset: str) -> RegressionAccount:
    """The account of a dataset's regression checks, at the prices of its approved plan.

    Raises:
        NotApproved: the plan is not approved.
    """
    approval = require_approval(store, dataset)
    return RegressionAccount(store, dataset, store.require("plan", dataset, Plan), approval.mitigation)
