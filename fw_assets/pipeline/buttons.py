"""Jobs for people who prefer one button: the same steps in the same order as the sensors', driven to their end.

One run cannot span both partitions definitions, and two runs in one process deadlock: so the button's run starts the
steps as the command line does, each a run in a process of its own on the same instance, and logs what they tell.
"""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

from typing import Any

import dagster as dg
from pydantic import Field

from fw_assets.classification.instruction import suggest
from fw_assets.classification.plan import Plan
from fw_assets.pipeline.crew import Crew
from fw_assets.pipeline.drive import answer, drive
from fw_assets.pipeline.inspection import SessionConfig, fields_of
from fw_assets.pipeline.metadata import clear_failures
from fw_assets.pipeline.phases import APPROVAL, PLANNING
from fw_assets.pipeline.planning import account_of
from fw_assets.pipeline.platform import Platform
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.registration import register, taken_up
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import COST, DATASET
from fw_assets.pipeline.workspace import Workspace


class ButtonConfig(SessionConfig):
    """What to do with which dataset, and who approves the plan."""

    dataset: str = Field(description="A JSONL file, accounts/ACCOUNT/datasets/ID, or the name of a registered dataset.")
    name: str | None = Field(None, description="The dataset's name (its partition); made from the file's if left out.")
    approved_by: str = Field(
        "",
        description=(
            "Who approves the plan unseen, whatever it costs. Empty: the run stops at the plan, which then waits for "
            "approval; run the job again afterwards and it goes on from there."
        ),
    )


inspect_and_plan = dg.define_asset_job(
    "inspect_and_plan",
    selection=dg.AssetSelection.assets(*PLANNING),
    executor_def=dg.in_process_executor,
    description=(
        "Inspects one dataset and writes its plan; spends nothing. Choose the partition; a dataset that is not "
        "registered yet needs its file and its models in the config of inspected_dataset."
    ),
)

approve_plan = dg.define_asset_job(
    "approve_plan",
    selection=dg.AssetSelection.assets(*APPROVAL),
    executor_def=dg.in_process_executor,
    description=(
        "Answers the plan of one dataset; the same as materializing the asset `approval`. Choose the partition, write "
        "your name in approved_by. The link in the plan's summary opens it with the plan's digest filled in."
    ),
)


@dg.op(description="Plan, approval if someone gives it, benchmark, report. Trains nothing.")
def benchmark_to_the_end(
    context: dg.OpExecutionContext, config: ButtonConfig, workspace: WorkspaceResource, platform: PlatformResource
) -> None:
    """Every step that is due for the command line, until none is."""
    _drive(context, config, workspace.open(), platform.open(), {"mode": "benchmark"})


@dg.op(description="Plan, approval if someone gives it, benchmark, tuning, evaluation, deployment, report.")
def workflow_to_the_end(
    context: dg.OpExecutionContext, config: ButtonConfig, workspace: WorkspaceResource, platform: PlatformResource
) -> None:
    """Every step that is due for the command line, until none is."""
    _drive(context, config, workspace.open(), platform.open(), {})


@dg.job(
    executor_def=dg.in_process_executor,
    description="One button up to the benchmark of the base models: name the dataset, the models and who approves.",
)
def benchmark_only() -> None:
    """One op, which starts runs of its own."""
    benchmark_to_the_end()


@dg.job(
    executor_def=dg.in_process_executor,
    description="One button for all phases: name the dataset, the models and who approves.",
)
def full_workflow() -> None:
    """One op, which starts runs of its own."""
    workflow_to_the_end()


def _drive(
    context: dg.OpExecutionContext,
    config: ButtonConfig,
    store: Workspace,
    platform: Platform,
    forced: dict[str, Any],
) -> None:
    given = {key: value for key, value in fields_of(config).items() if key not in ("name", "approved_by")}
    with clear_failures(), listening(to_log(context.log.info)):
        fields, name, readings = taken_up(store, {**given, **forced})
        registration = register(
            store, platform, fields, driver="command-line", name=name or config.name, readings=readings
        )
        name = registration.name
        context.instance.add_run_tags(context.run.run_id, {DATASET: name})
        with store.alone(name, "run"), Crew(store.root) as crew:
            drive(crew, store, name, say=context.log.info, only=PLANNING)
            if config.approved_by and not registration.unused:
                digest = store.need("plan", name, Plan).digest
                who = {"approved_by": config.approved_by, "plan_digest": digest}
                answer(crew, name, {**who, "decision": "approve", "driver": "command_line"})
            standing = drive(crew, store, name, say=context.log.info)
        context.log.info(f"{name}: {standing.note}")
        if registration.unused:
            left = "; ".join(f"{clause!r}: {suggest(clause)}" for clause in registration.unused)
            context.log.warning(f"Not understood in the instruction, and nothing runs on a guess: {left}")
        if standing.state in ("incomplete", "running"):
            raise dg.Failure(f"{name}: {standing.note}", allow_retries=False)
        if standing.state == "done":
            account = account_of(store, name, store.need("plan", name, Plan))
            context.instance.add_run_tags(context.run.run_id, {COST: f"{account.ledger().spent:.4f}"})
