"""Phase 2: the plan with its price."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg
import polars as pl

from fw_assets.classification.arms.arm_prompt import with_descriptions
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.plan.revised_estimate import EstimateBasis
from fw_assets.classification.prompting.decision import decision_prompt
from fw_assets.classification.prompting.prompt import Prompt, make_prompt
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.pipeline.partitions import add_partitions
from fw_assets.pipeline.planning.decision_check import check_decisions
from fw_assets.pipeline.planning.draft import PlanDraft
from fw_assets.pipeline.planning.examples import few_shot_rows, fewer_examples, make_examples
from fw_assets.pipeline.planning.router_check import check_routers
from fw_assets.pipeline.planning.serving_check import require_servable
from fw_assets.pipeline.planning.shortlists import make_shortlists
from fw_assets.pipeline.planning.stored_plan import store_plan
from fw_assets.pipeline.planning.volumes import longest_context, plan_volumes
from fw_assets.pipeline.platform.catalogue import offer
from fw_assets.pipeline.platform.deployment_quotes import quoted_catalogue
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import PLANNED, tag, usd_tag
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.plan_checks import plan_checks
from fw_assets.pipeline.ui.plan_metadata import plan_metadata
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.dataset_rows import asked_rows
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"markdown"},
    description=(
        "Phase 2: What will be done, under which names, and what it costs. Nothing is spent before you say yes.\n\n"
        "1. Read it: click “Show Markdown” beside plan, below. With several datasets choose yours on the tab "
        "Partitions first.\n"
        "2. Click “Approve or reject this plan” beside answer, below. A launchpad opens that knows the dataset and "
        "the plan.\n"
        "3. Write your name between the quotes of approved_by, and click “Launch Run”. To say no, write "
        "decision: reject.\n\n"
        "What follows starts by itself. Instead of 2 you can materialize the asset approval."
    ),
)
def plan(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Writes the plan. Its digest covers everything that changes the outcome or the price."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        made = made_meanwhile(Plan, registration.inputs)
        new = made or _make(store, platform.open(), dataset, registration)
    changes = store.read("plan_changes", dataset, PlanChanges) or PlanChanges(plan_digest=new.digest)
    text = store.read_text(dataset, "plan.md") or ""
    add_partitions(context.instance, "models", [model.slug for model in new.models], workflow)
    tag(context, usd_tag(PLANNED, new.estimate.expected))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(new.digest),
        check_results=plan_checks(new),
        metadata=plan_metadata(new, changes, text, workflow),
    )


def _make(store: Workspace, platform: Platform, dataset: str, registration: Registration) -> Plan:
    draft, prompt = _draft(store, platform, dataset, registration)
    store.write("prompt", dataset, prompt, inputs=registration.inputs, digest=prompt.digest)
    store_plan(store, draft)
    return draft.plan


def _draft(store: Workspace, platform: Platform, dataset: str, registration: Registration) -> tuple[PlanDraft, Prompt]:
    session = registration.session
    inspected = store.require("inspected_dataset", dataset, InspectedDataset)
    labels = store.require("label_set", dataset, LabelSet)
    frame = asked_rows(store, dataset, labels)
    prompt = make_prompt(frame.filter(pl.col("split") != OUT_OF_SCOPE), labels)
    if session.inference == "decision":
        prompt = decision_prompt(with_descriptions(prompt, session.label_descriptions))
    offered = offer(platform, session, quoted_catalogue(platform, session))
    require_servable(platform, session, offered.models)
    check_routers(platform, session, offered.models, prompt)
    left_out, options, deciding = check_decisions(platform, session, offered.models, prompt)
    shortlists = make_shortlists(store, platform, dataset, frame, prompt, labels, options, session.seed)
    examples = make_examples(store, platform, dataset, frame, session, prompt, labels)
    few_shot = few_shot_rows(store, dataset, examples) if examples else None
    if examples and few_shot:
        fewer = fewer_examples(few_shot, frame, prompt, offered.models)
        examples = examples.model_copy(update={"fewer": fewer})
    volumes = plan_volumes(frame, session, prompt, platform, few_shot, longest_context(offered.models), shortlists)
    new = make_plan(
        session,
        dataset,
        inspected,
        labels,
        prompt.digest,
        offered.models,
        volumes,
        offered.pricing,
        warm_start=offered.warm_start,
        examples=examples,
        left_out=left_out,
        deciding=deciding,
        shortlists=shortlists,
        understood=registration.understood,
        unused=registration.unused,
        inputs=registration.inputs,
    )
    return PlanDraft(new, EstimateBasis(volumes=dict(volumes), pricing=offered.pricing)), prompt
