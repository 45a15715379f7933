"""Phase 2: the plan with its price."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg
import polars as pl
from pydantic import ValidationError

from fw_assets.classification.cost.token_estimates import measure_volumes
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import plan_differences
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.plan.revised_estimate import EstimateBasis
from fw_assets.classification.prompting.prompt import Prompt, make_prompt
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.pipeline.partitions import add_partitions
from fw_assets.pipeline.platform.catalogue import offer
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import PLANNED, tag
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.ui.plan_checks import plan_checks
from fw_assets.pipeline.ui.plan_metadata import plan_metadata
from fw_assets.pipeline.values.approval import Approval, PlanChanges
from fw_assets.pipeline.values.registration import Registration
from fw_assets.report.rendering.markdown import render_plan
from fw_assets.workspace.dataset_rows import split_rows_path
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"markdown"},
    description=(
        "**Phase 2.** What will be done, under which names, and what it costs. **Nothing is spent before you say yes.**"
        "\n\n"
        "1. Read it: click *Show Markdown* beside `plan`, below. (With several datasets: choose yours on the tab "
        "*Partitions* first.)\n"
        "2. Click *Approve or reject this plan* beside `answer`, below. A launchpad opens that knows the dataset and "
        "the plan.\n"
        "3. Write your name between the quotes of `approved_by`, and click *Launch Run*. To say no, write "
        "`decision: reject`.\n\n"
        "What follows starts by itself. Instead of 2 you can materialize the asset `approval`."
    ),
)
def plan(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Writes the plan. Its digest covers everything that changes the outcome or the price."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        new, prompt, basis = _plan(store, platform.open(), dataset, registration)
    changes = _changes_to(store, new)
    text = render_plan(new, changed=(changes.heading, *changes.differences) if changes.differences else ())
    store.write("prompt", dataset, prompt, inputs=registration.inputs, digest=prompt.digest)
    store.write("basis", dataset, basis, inputs=new.digest)
    store.write("plan_changes", dataset, changes, inputs=new.digest)
    store.write_text(text, dataset, "plan.md")
    store.write_text(new.model_dump_json(indent=2) + "\n", dataset, "plan.json")
    # Last: whoever finds the plan finds everything that belongs to it.
    store.write("plan", dataset, new, inputs=registration.inputs, digest=new.digest)
    add_partitions(context.instance, "models", [model.slug for model in new.models])
    tag(context, {PLANNED: f"{new.estimate.expected:.4f}"})
    return dg.MaterializeResult(
        data_version=dg.DataVersion(new.digest),
        check_results=plan_checks(new),
        metadata=plan_metadata(store, new, changes, text),
    )


def _plan(
    store: Workspace, platform: Platform, dataset: str, registration: Registration
) -> tuple[Plan, Prompt, EstimateBasis]:
    session = registration.session
    inspected = store.require("inspected_dataset", dataset, InspectedDataset)
    labels = store.require("label_set", dataset, LabelSet)
    frame = store.read_frame(*split_rows_path(dataset))
    prompt = make_prompt(frame, labels)
    offered = offer(platform, session)
    volumes = measure_volumes(
        with_sweep_sample(frame, session.sweep_rows, session.seed),
        system=prompt.system or "",
        render=prompt.render,
        count=platform.count_tokens,
    )
    new = make_plan(
        session,
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
    return new, prompt, EstimateBasis(volumes=dict(volumes), pricing=offered.pricing)


def with_sweep_sample(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """The split rows, followed by those that the sweep will train on as the part `sweep`, where it samples."""
    train = frame.filter(pl.col("split") == "train")
    if train.height <= rows:
        return frame
    columns = ["split", "messages", "labels"]
    sample = stratified_sample(train, rows, seed).with_columns(split=pl.lit("sweep", frame.schema["split"]))
    return pl.concat([frame.select(columns), sample.select(columns)])


def _changes_to(store: Workspace, new: Plan) -> PlanChanges:
    """The differences from the plan that was answered last, or else from the one before."""
    approval = store.read("approval", new.dataset, Approval)
    old = _read_plan(store, new.dataset, "answered_plan") if approval is not None else None
    answered = ""
    if old is not None and approval is not None and approval.plan_digest == old.digest:
        answered = f"{approval.decision} by {approval.approved_by}"
    old = old or _read_plan(store, new.dataset, "plan")
    if old is None or old.digest == new.digest:
        return PlanChanges(plan_digest=new.digest)
    return PlanChanges(
        plan_digest=new.digest, before=old.digest, answered=answered, differences=plan_differences(old, new)
    )


def _read_plan(store: Workspace, dataset: str, asset: str) -> Plan | None:
    try:
        return store.read(asset, dataset, Plan)
    except ValidationError:
        return None  # written by another version of this program
