"""Phase 2: the plan with its price, and a person's answer to it."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt
from enum import Enum

import dagster as dg
import polars as pl
from pydantic import Field, ValidationError

from fw_assets.classification.instruction import suggest
from fw_assets.classification.intake import InspectedDataset
from fw_assets.classification.labels import LabelSet
from fw_assets.classification.plan import Plan, make_plan
from fw_assets.classification.plan_changes import plan_differences
from fw_assets.classification.prompt import make_prompt
from fw_assets.classification.revision import Basis
from fw_assets.classification.sample import stratified_sample
from fw_assets.classification.session import Mitigation
from fw_assets.classification.tokens import measure_volumes
from fw_assets.pipeline.catalogue import offer
from fw_assets.pipeline.errors import NotApproved
from fw_assets.pipeline.inspection import inspected_dataset, label_set
from fw_assets.pipeline.metadata import clear_failures, table
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.phases import AUTOMATIC
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.spending import Account
from fw_assets.pipeline.values import Approval, PlanChanges, Registration
from fw_assets.pipeline.workspace import Workspace
from fw_assets.report.plan_markdown import render_plan


def approved(store: Workspace, dataset: str) -> Approval:
    """The answer to the current plan.

    Raises:
        NotApproved: there is none, it is about another plan, or it says no.
    """
    head = store.head("plan", dataset)
    answer = store.read("approval", dataset, Approval)
    if head is None or answer is None or answer.plan_digest != head.digest:
        raise NotApproved(
            f"the current plan of {dataset} ({head.digest if head else 'none yet'}) is not approved: read plan.md, then"
            f" materialize `approval`, or run `fw-assets approve {dataset}`"
        )
    if answer.decision == "rejected":
        raise NotApproved(f"plan {answer.plan_digest} was rejected by {answer.approved_by}: nothing is started")
    return answer


def approved_plan(store: Workspace, dataset: str) -> Plan:
    """The current plan, if it is approved.

    Raises:
        NotApproved: it is not.
    """
    approved(store, dataset)
    return store.need("plan", dataset, Plan)


def account_of(store: Workspace, dataset: str, current: Plan) -> Account:
    """The money that was approved for the current plan."""
    return Account(store, dataset, current, approved(store, dataset).mitigation)


@dg.asset(
    partitions_def=datasets,
    deps=[inspected_dataset, label_set],
    group_name="plan",
    kinds={"markdown"},
    code_version="1",
    description=(
        "What will be done, under which names, and what it costs; nothing is spent before it is approved. To approve: "
        "read plan.md (path in the metadata), open the asset `approval`, choose this dataset's partition, click "
        "Materialize, fill in approved_by in the launchpad, and launch."
    ),
)
def plan(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Writes the plan. Its digest covers everything that changes the outcome or the price."""
    store, host, dataset = workspace.open(), platform.open(), context.partition_key
    with clear_failures():
        registration = store.need("registration", dataset, Registration)
        inspected = store.need("inspected_dataset", dataset, InspectedDataset)
        labels = store.need("label_set", dataset, LabelSet)
        frame = store.read_frame(dataset, "assets", "label_set.parquet")
        prompt = make_prompt(frame, labels)
        offered = offer(host, registration.session)
        session = registration.session
        volumes = measure_volumes(
            with_sample(frame, session.sweep_rows, session.seed),
            system=prompt.system or "",
            render=prompt.render,
            count=host.count_tokens,
        )
        made = make_plan(
            registration.session,
            dataset,
            inspected,
            labels,
            prompt.digest,
            offered.models,
            volumes,
            offered.pricing,
            understood=registration.understood,
            unused=registration.unused,
            inputs=registration.inputs,
        )
    store.write("prompt", dataset, prompt, inputs=registration.inputs, known_as=prompt.digest)
    store.write("basis", dataset, Basis(volumes=dict(volumes), pricing=offered.pricing), inputs=made.digest)
    changes = changes_of(store, dataset, made)
    store.write("plan_changes", dataset, changes, inputs=made.digest)
    text = render_plan(made, changed=(changes.heading, *changes.differences) if changes.differences else ())
    store.write_text(text, dataset, "plan.md")
    store.write_text(made.model_dump_json(indent=2) + "\n", dataset, "plan.json")
    store.write("plan", dataset, made, inputs=registration.inputs, known_as=made.digest)
    context.instance.add_dynamic_partitions("models", [model.slug for model in made.models])
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.digest),
        metadata={
            "digest": made.digest,
            "plan": dg.MetadataValue.path(store.path(dataset, "plan.md")),
            "expected_usd": made.estimate.expected,
            "high_usd": made.estimate.high,
            "cost": table(
                [
                    {
                        "line": line.key,
                        "formula": line.formula,
                        "low": line.known.low,
                        "expected": line.known.expected,
                        "high": line.known.high,
                        "known": line.usd is not None,
                    }
                    for line in made.estimate.lines
                ]
            ),
            "models": table(
                [
                    {"model": m.name, "asked": m.strategy, "cells": ", ".join(cell.name for cell in m.cells)}
                    for m in made.models
                ]
            ),
            "rejected_rows": made.rejected_rows,
            "warnings": table([{"warning": warning} for warning in made.warnings]),
            "understood": table([{"understood": item} for item in made.understood]),
            "not_used": table([{"clause": clause, "instead": suggest(clause)} for clause in made.unused]),
            "changes": table([{changes.heading: difference} for difference in changes.differences]),
        },
    )


def with_sample(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """The split rows, and once more as the part `sweep` those that the sweep will train on, where it samples."""
    train = frame.filter(pl.col("split") == "train")
    if train.height <= rows:
        return frame
    columns = ["split", "messages", "labels"]
    sample = stratified_sample(train, rows, seed).with_columns(split=pl.lit("sweep", frame.schema["split"]))
    return pl.concat([frame.select(columns), sample.select(columns)])


def changes_of(store: Workspace, dataset: str, made: Plan) -> PlanChanges:
    """What is different in `made` from the plan that was answered last, or from the one that lies there."""
    answer = store.read("approval", dataset, Approval)
    old = _earlier(store, dataset, "answered_plan") if answer is not None else None
    answered = ""
    if old is not None and answer is not None and answer.plan_digest == old.digest:
        answered = f"{answer.decision} by {answer.approved_by}"
    old = old or _earlier(store, dataset, "plan")
    if old is None or old.digest == made.digest:
        return PlanChanges(plan_digest=made.digest)
    return PlanChanges(
        plan_digest=made.digest, before=old.digest, answered=answered, differences=plan_differences(old, made)
    )


def _earlier(store: Workspace, dataset: str, asset: str) -> Plan | None:
    try:
        return store.read(asset, dataset, Plan)
    except ValidationError:
        return None  # written by another version of this program


class Answer(Enum):
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

    approved_by: str = Field(description="Who answers. Recorded.")
    plan_digest: str = Field("", description="The digest that was looked at; refused if the plan is another by now.")
    decision: Answer = Field(Answer.approve, description="Rejecting costs nothing.")
    mitigation: MitigationChoice = Field(
        MitigationChoice.as_planned, description="What to do about imbalance; as_planned keeps the session's choice."
    )
    labels_confirmed: bool = Field(
        False, description="You have looked at the labels in plan.md and they are the right ones. Recorded."
    )
    note: str = Field("", description="Kept with the answer.")
    driver: DriverChoice = Field(DriverChoice.daemon, description="Who carries on after the approval.")


@dg.asset(
    partitions_def=datasets,
    deps=[plan],
    group_name="plan",
    code_version="1",
    description="A person's answer to the plan. Materialize it to approve or reject; the phases then follow.",
)
def approval(
    context: dg.AssetExecutionContext, config: ApprovalConfig, workspace: WorkspaceResource
) -> dg.MaterializeResult:
    """Records the answer, bound to the plan's digest. A changed plan has another digest and needs a new answer."""
    store, dataset = workspace.open(), context.partition_key
    head, current = store.head("plan", dataset), store.read("plan", dataset, Plan)
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
    if automatic and (current.unused or not current.approves_itself or config.decision is not Answer.approve):
        raise dg.Failure(
            f"the plan of {dataset} does not approve itself: it costs up to ${current.estimate.high:,.2f}, a price is "
            "unknown, or a part of the instruction was not understood. A person has to answer.",
            allow_retries=False,
        )
    planned = config.mitigation is MitigationChoice.as_planned
    mitigation = current.session.mitigation if planned else MITIGATIONS[config.mitigation]
    refusal = current.label_set.imbalance.refusal(mitigation)
    if refusal and config.decision is Answer.approve:
        raise dg.Failure(f"{dataset}: {refusal}", allow_retries=False)
    answer = Approval(
        plan_digest=head.digest,
        decision="approved" if config.decision is Answer.approve else "rejected",
        approved_by=config.approved_by,
        mitigation=mitigation,
        note=config.note,
        driver="daemon" if config.driver is DriverChoice.daemon else "command-line",
        automatic=automatic,
        labels=current.label_set.labels,
        labels_confirmed=config.labels_confirmed or current.label_set.given,
        at=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    )
    store.append_line(answer.model_dump_json(), dataset, "approvals.jsonl")
    store.write("answered_plan", dataset, current, inputs=head.digest, known_as=head.digest)
    store.write("approval", dataset, answer, inputs=head.digest)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{answer.plan_digest}-{answer.decision}-{answer.mitigation}"),
        metadata={
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
