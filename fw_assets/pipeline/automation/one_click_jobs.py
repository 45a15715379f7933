"""Jobs for people who prefer one button: the same steps in the same order as the sensors', driven to their end.

One run cannot span both partitions definitions, and two runs in one process deadlock: so the button's run starts the
steps as the command line does, each a run in a process of its own on the same instance, and logs what they tell.
"""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

from typing import Any

import dagster as dg
from pydantic import Field

from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan
from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.config import SessionConfig, session_values
from fw_assets.pipeline.phases import APPROVAL, PLANNING
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.registration.registration import register, resolve_registered
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.run_config import approval_config
from fw_assets.pipeline.run_tags import COST, DATASET
from fw_assets.pipeline.runner.driver import answer, drive
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.workspace.workspace import Workspace


class ButtonConfig(SessionConfig):
    """What to do with which dataset, and who approves the plan."""

    dataset: str = Field(description="A JSONL file, accounts/ACCOUNT/datasets/ID, or the name of a registered dataset.")
    models: list[str] | None = Field(
        None,
        description="Candidate models, e.g. [minilm-l6-v2, char-ngram]. Empty: those of the registered dataset.",
    )
    name: str | None = Field(None, description="The dataset's name (its partition); made from the file's if left out.")
    approved_by: str = Field(
        "",
        description=(
            "Your name: approves the plan unseen, whatever it costs. Empty: the run stops at the plan. Approve that by "
            "the link beside `answer` and the sensors carry on, or launch this job again with your name."
        ),
    )


def blank(op: str) -> dict[str, Any]:
    """What a launchpad opens with: the fields that matter, to be filled in."""
    return {"ops": {op: {"config": {"dataset": "", "models": [], "approved_by": ""}}}}


inspect_and_plan = dg.define_asset_job(
    "inspect_and_plan",
    selection=dg.AssetSelection.assets(*PLANNING),
    executor_def=dg.in_process_executor,
    description=(
        "Inspects a registered dataset again and writes its plan; spends nothing. Choose the dataset under Partition, "
        "and launch. A new dataset is not in that list: drop its file in the inbox, or name it in the launchpad of "
        "full_workflow, which stops at the plan as long as approved_by is empty."
    ),
)

approve_plan = dg.define_asset_job(
    "approve_plan",
    selection=dg.AssetSelection.assets(*APPROVAL),
    executor_def=dg.in_process_executor,
    description=(
        "Answers the plan of one dataset; the same as materializing the asset approval. Best opened by the link beside "
        "answer on the page of plan, which fills in dataset and digest. By hand: choose the dataset under "
        "Partition, click Scaffold missing config, write your name in approved_by."
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
    config=blank("benchmark_to_the_end"),
    description=(
        "One button up to the benchmark of the base models; trains nothing. In the launchpad: dataset, models, and "
        "your name in approved_by. Without a name it stops at the plan, to be read and approved first."
    ),
)
def benchmark_only() -> None:
    """One op, which starts runs of its own."""
    benchmark_to_the_end()


@dg.job(
    executor_def=dg.in_process_executor,
    config=blank("workflow_to_the_end"),
    description=(
        "One button for all phases, up to the report. In the launchpad: dataset, models, and your name in approved_by, "
        "which approves the plan unseen. Without a name it stops at the plan, to be read and approved first."
    ),
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
    if not config.dataset:
        raise dg.Failure(
            "dataset is empty: name a JSONL file, accounts/ACCOUNT/datasets/ID, or a registered dataset in the "
            "launchpad",
            allow_retries=False,
        )
    # An empty list is what the launchpad opens with: nothing is said, and what was registered holds.
    given = {name: value for name, value in session_values(config).items() if value != []}
    with readable_failures(), listening(to_log(context.log.info)):
        fields, name, readings = resolve_registered(store, {**given, **forced})
        registration = register(
            store, platform, fields, driver="command-line", name=name or config.name, readings=readings
        )
        name = registration.name
        context.instance.add_run_tags(context.run.run_id, {DATASET: name})
        with store.exclusive(name, "run"), ProcessPool(store.root, CODE_LOCATION) as pool:
            drive(pool, store, name, report=context.log.info, only=PLANNING)
            if config.approved_by and not registration.unused:
                digest = store.require("plan", name, Plan).digest
                answer(pool, name, approval_config(config.approved_by, digest, driver="command-line"))
            standing = drive(pool, store, name, report=context.log.info)
        context.log.info(f"{name}: {standing.note}")
        where = f"of {name}: Catalog, the asset %s, tab Partitions, {name}"
        if standing.state == "waiting":
            said = "The plan " + where % "plan" + "; the link beside `answer` approves it, and the rest follows."
            context.log.info(said)
        if registration.unused:
            left = "; ".join(f"{clause!r}: {suggest(clause)}" for clause in registration.unused)
            context.log.warning(f"Not understood in the instruction, and nothing runs on a guess: {left}")
        if standing.state in ("incomplete", "running"):
            raise dg.Failure(f"{name}: {standing.note}", allow_retries=False)
        if standing.state == "done":
            context.log.info("The report " + where % "report")
            account = approved_account(store, name)
            context.instance.add_run_tags(context.run.run_id, {COST: f"{account.ledger().spent:.4f}"})
