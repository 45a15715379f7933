"""Phase 2, the person's part: the answer to a plan, without which nothing starts."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt
from enum import Enum

import dagster as dg
import msgspec
from pydantic import Field

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.pipeline.assets.plan import plan
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.phases import AUTOMATIC
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.run_tags import APPROVED, tag
from fw_assets.pipeline.ui.checks import approval_checks, specs
from fw_assets.pipeline.ui.metadata import Row, summary, table
from fw_assets.pipeline.values import Approval, PlanChanges
from fw_assets.report.escape import code
from fw_assets.report.formatting import usd_roughly
from fw_assets.workspace.workspace import Workspace


class Decision(Enum):
    """Yes or no."""

    approve = "approve"
    reject = "reject"


class MitigationChoice(Enum):
    """What to do about imbalance."""

    as_planned = "as-planned"
    none = "none"
    rebalance = "rebalance"
    weight = "weight"
    drop_rare = "drop-rare"


MITIGATIONS: dict[MitigationChoice, Mitigation] = {
    MitigationChoice.none: "none",
    MitigationChoice.rebalance: "rebalance",
    MitigationChoice.weight: "weight",
    MitigationChoice.drop_rare: "drop-rare",
}


class DriverChoice(Enum):
    """Who carries on."""

    daemon = "daemon"
    command_line = "command-line"


class ApprovalConfig(dg.Config):
    """A person's answer to the current plan."""

    approved_by: str = Field(description="Your name. Recorded with the answer, and shown in the report.")
    plan_digest: str = Field(
        "",
        description="The digest of the plan you read; refused if the plan is another by now. Empty: the current one.",
    )
    decision: Decision = Field(
        Decision.approve, description="approve starts the next phases; reject starts nothing and costs nothing."
    )
    mitigation: MitigationChoice = Field(
        MitigationChoice.as_planned,
        description=(
            "What to do about imbalance in the training rows; what each leaves and costs is in the plan. as_planned: "
            "the session's choice. none, rebalance, weight or drop_rare: this one instead."
        ),
    )
    labels_confirmed: bool = Field(
        False, description="true: you have looked at the labels in the plan and they are the right ones. Recorded."
    )
    note: str = Field("", description="Anything to remember; kept with the answer.")
    driver: DriverChoice | None = Field(
        None,
        description="Who carries on: daemon (the sensors, also without a choice) or command_line (`fw-assets run`).",
    )


@dg.asset(
    partitions_def=datasets,
    deps=[plan],
    group_name="1_plan",
    kinds={"human"},
    check_specs=specs("approval"),
    code_version="1",
    description=(
        "**Phase 2.** A person's answer to the plan; what follows starts by itself.\n\n"
        "Read the asset `plan` first, and click *Approve or reject this plan* there, beside `answer`. Or here: "
        "*Materialize*, choose your dataset under *Partition*, click *Scaffold "
        "missing config*, write your name between the quotes of `approved_by`, *Materialize*.\n\n"
        "- To say no: `decision: reject`.\n"
        "- Against imbalance: `mitigation: rebalance`, `weight`, `drop_rare` or `none`.\n"
        "- The labels are right: `labels_confirmed: true`.\n\n"
        "The answer holds for the plan's digest alone: a changed plan waits for a new one."
    ),
)
def approval(
    context: dg.AssetExecutionContext, config: ApprovalConfig, workspace: WorkspaceResource
) -> dg.MaterializeResult:
    """Records the answer, bound to the plan's digest. A changed plan has another digest and needs a new answer."""
    store, dataset = workspace.open(), context.partition_key
    head, current = store.header("plan", dataset), store.read("plan", dataset, Plan)
    if head is None or current is None:
        raise dg.Failure(f"there is no plan of {dataset} to approve: materialize `plan` first", allow_retries=False)
    if config.plan_digest and config.plan_digest != head.digest:
        changes = store.read("plan_changes", dataset, PlanChanges)
        why = " ".join(changes.differences) if changes else ""
        raise dg.Failure(
            f"the plan of {dataset} is now {head.digest}, not {config.plan_digest}: look at plan.md again. {why}",
            allow_retries=False,
        )
    if not config.approved_by.strip():
        raise dg.Failure("approved_by is empty: say who answers", allow_retries=False)
    automatic = config.approved_by == AUTOMATIC
    if automatic and (not current.approves_itself or config.decision is not Decision.approve):
        raise dg.Failure(
            f"the plan of {dataset} does not approve itself: it costs up to ${current.estimate.high:,.2f}, a price is "
            "unknown, or a part of the instruction was not understood. A person has to answer.",
            allow_retries=False,
        )
    planned = config.mitigation is MitigationChoice.as_planned
    mitigation = current.session.mitigation if planned else MITIGATIONS[config.mitigation]
    refusal = current.label_set.imbalance.refusal(mitigation)
    if refusal and config.decision is Decision.approve:
        raise dg.Failure(f"{dataset}: {refusal}", allow_retries=False)
    answer = Approval(
        plan_digest=head.digest,
        decision="approved" if config.decision is Decision.approve else "rejected",
        approved_by=config.approved_by,
        mitigation=mitigation,
        note=config.note,
        driver="command-line" if config.driver is DriverChoice.command_line else "daemon",
        automatic=automatic,
        labels=current.label_set.labels,
        labels_confirmed=config.labels_confirmed or current.label_set.given,
        at=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    )
    store.append_line(answer.model_dump_json(), dataset, "approvals.jsonl")
    store.write("answered_plan", dataset, current, inputs=head.digest, digest=head.digest)
    store.write("approval", dataset, answer, inputs=head.digest)
    ceiling = current.ceiling_usd(mitigation) if answer.decision == "approved" else 0.0
    tag(context, {APPROVED: f"{ceiling:.4f}"})
    if answer.decision == "rejected":
        follows = "Nothing is started, and nothing spent. The plan can still be approved, by another answer."
    else:
        money = f"Up to **{usd_roughly(ceiling)}** may be spent." if ceiling else "It costs nothing."
        follows = f"{money} What follows starts by itself: see *Runs*, and *Automation* → `phases`."
        if answer.driver == "command-line":
            follows = f"{money} `fw-assets run` carries on."
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{answer.plan_digest}-{answer.decision}-{answer.mitigation}"),
        check_results=approval_checks(dataset, answer, current.label_set.given),
        metadata={
            "summary": summary(
                dataset,
                f"plan {answer.plan_digest} is **{answer.decision}** by {code(answer.approved_by, table=False)}"
                + (f", with the mitigation **{mitigation}**." if mitigation != "none" else "."),
                follows,
            ),
            "approved_usd": ceiling,
            "answers": table(answers(store, dataset)),
            "decision": answer.decision,
            "approved_by": answer.approved_by,
            "plan_digest": answer.plan_digest,
            "mitigation": answer.mitigation,
            "labels": ", ".join(answer.labels),
            "labels_confirmed": answer.labels_confirmed,
            "automatic": answer.automatic,
            "note": answer.note or "(none)",
        },
    )


def answers(store: Workspace, dataset: str) -> list[Row]:
    """Every answer to every plan of a dataset, the newest first."""
    given = [msgspec.json.decode(line) for line in store.lines(dataset, "approvals.jsonl")]
    return [
        {
            "at": str(item.get("at", ""))[:19].replace("T", " "),
            "plan": item.get("plan_digest"),
            "answer": item.get("decision"),
            "by": item.get("approved_by"),
            "mitigation": item.get("mitigation"),
            "note": item.get("note"),
        }
        for item in reversed(given)
    ]
