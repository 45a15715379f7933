"""The stored plan: its values and files, and its differences from the one before."""

from __future__ import annotations

from typing import NamedTuple

from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import plan_differences
from fw_assets.pipeline.planning.draft import PlanDraft
from fw_assets.pipeline.values.approval import Approval, PlanChanges
from fw_assets.pipeline.workflow.next_step import to_say_yes
from fw_assets.report.rendering.markdown import render_plan
from fw_assets.workspace.workspace import Workspace


class StoredPlanText(NamedTuple):
    """What a plan changes, and the whole of it in Markdown."""

    changes: PlanChanges
    text: str


def store_plan(store: Workspace, draft: PlanDraft) -> StoredPlanText:
    """Write the plan of a dataset: what was approved under another digest holds no longer."""
    plan, dataset = draft.plan, draft.plan.dataset
    changes = _changes_to(store, plan)
    changed = (changes.heading, *changes.differences) if changes.differences else ()
    text = render_plan(plan, changed, to_say_yes(store, dataset, plan.digest, anywhere=True))
    store.write("basis", dataset, draft.basis, inputs=plan.digest)
    store.write("plan_changes", dataset, changes, inputs=plan.digest)
    store.write_text(text, dataset, "plan.md")
    store.write_text(plan.model_dump_json(indent=2) + "\n", dataset, "plan.json")
    # Last: whoever finds the plan finds everything that belongs to it.
    store.write("plan", dataset, plan, inputs=plan.inputs, digest=plan.digest)
    return StoredPlanText(changes, text)


def _changes_to(store: Workspace, new: Plan) -> PlanChanges:
    """The differences from the plan that was answered last, or else from the one before."""
    approval, head = store.read("approval", new.dataset, Approval), store.header("answered_plan", new.dataset)
    answered, asset = "", "plan"
    if approval is not None and head is not None and head.digest == approval.plan_digest:
        answered, asset = f"{approval.decision} by {approval.approved_by}", "answered_plan"
    else:
        head = store.header("plan", new.dataset)
    try:
        old = store.read(asset, new.dataset, Plan)
    except InputError:
        old = None  # written by another version of this program
    if old is None or head is None or new.digest in (old.digest, head.digest):
        return PlanChanges(plan_digest=new.digest)
    return PlanChanges(
        plan_digest=new.digest, before=head.digest, answered=answered, differences=plan_differences(old, new)
    )
