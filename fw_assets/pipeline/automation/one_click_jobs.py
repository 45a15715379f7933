"""One-click jobs: the steps of the sensors in the same order, driven to the end by one run.

One run cannot span both partitions definitions, and two runs in one process deadlock: so this run starts the steps as
the command line does, each as a run in a process of its own on the same instance, and relays their progress to its log.
"""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import dagster as dg
from pydantic import Field

from fw_assets.classification.instruction.parser import suggest
from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.automation.definition import workflow_job
from fw_assets.pipeline.config import SessionConfig, session_values
from fw_assets.pipeline.machine import this_process
from fw_assets.pipeline.phases import DatasetStatus
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.registration.registration import register, resolve_registered
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_config import approval_config
from fw_assets.pipeline.run_origin import origin_of
from fw_assets.pipeline.run_tags import COST, DATASET, usd_tag
from fw_assets.pipeline.runner.driver import TAKEN_OVER, UNDECIDED, answer, drive, plan_now
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.pipeline.runner.redelivery import bring_back, find_winner, require_yes, what_it_costs
from fw_assets.pipeline.runner.task import Recording
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.workspace import Workspace


class OneClickConfig(SessionConfig):
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
            "Your name: approves the plan of `plan_digest`. Empty: the run stops at the plan. Approve that by "
            "the link beside `answer` and the sensors carry on, or launch this job again with your name and its digest."
        ),
    )
    plan_digest: str = Field(
        "",
        description="The digest of the plan that approved_by approves. The first launch stops at the plan and logs it.",
    )


_LAUNCHPAD = {"dataset": "", "models": [], "approved_by": "", "plan_digest": ""}
"""The configuration that a launchpad opens with: the fields that matter, to be filled in."""


def benchmark_to_the_end(
    context: dg.OpExecutionContext,
    config: OneClickConfig,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> None:
    _drive(_Press(context, workflow, workspace.open(), platform.open()), config, {"mode": "benchmark"})


def workflow_to_the_end(
    context: dg.OpExecutionContext,
    config: OneClickConfig,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> None:
    _drive(_Press(context, workflow, workspace.open(), platform.open()), config, {})


benchmark_only = workflow_job(
    "benchmark_only",
    benchmark_to_the_end,
    op="Plan, approval if someone gives it, benchmark, report. Trains nothing.",
    job=(
        "One button up to the benchmark of the base models; trains nothing. In the launchpad: dataset, models, and "
        "your name in approved_by with the digest of the plan you read. Without them it stops at the plan."
    ),
    launchpad=_LAUNCHPAD,
)
full_workflow = workflow_job(
    "full_workflow",
    workflow_to_the_end,
    op="Plan, approval if someone gives it, benchmark, tuning, evaluation, deployment, report.",
    job=(
        "One button for all phases, up to the report. In the launchpad: dataset, models, and your name in approved_by "
        "with the digest of the plan you read. Without them it stops at the plan, to be read and approved first."
    ),
    launchpad=_LAUNCHPAD,
)


class DeployConfig(dg.Config):
    """Which winner to bring back, and who says yes to what it costs."""

    dataset: str = Field(description="The name of a finished dataset.")
    approved_by: str = Field(
        "", description="Your name. Empty: the run only says whether it is there, or what bringing it back costs."
    )
    plan_digest: str = Field("", description="The digest of the dataset's plan, under which the money is spent.")


def deploy_again(
    context: dg.OpExecutionContext,
    config: DeployConfig,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> None:
    store, host, name, log = workspace.open(), platform.open(), config.dataset, context.log.info
    with readable_failures(), listening(to_log(log)):
        found = find_winner(store, host, name)
        context.instance.add_run_tags(context.run.run_id, {DATASET: name})
        log(what_it_costs(name, found))
        if found.serving is not None:
            log("Nothing was done.")
            return
        if not (config.approved_by and config.plan_digest):
            log(f"To bring it back launch this job again with approved_by and plan_digest: {found.plan_digest}")
            return
        require_yes(store, name, found, config.plan_digest)
        with _workers(_Press(context, workflow, store, host), name) as pool:
            status = bring_back(pool, store, host, name, found, config.approved_by, report=log)
        if status.state == "elsewhere":
            log(f"{name}: {status.note}, whose sensors bring it back")
        elif status.state != "done":
            raise dg.Failure(f"{name}: {status.note}", allow_retries=False)
        else:
            log(what_it_costs(name, find_winner(store, host, name)))


deploy_winner = workflow_job(
    "deploy_winner",
    deploy_again,
    op="Deploys a removed winner again, proves it, and writes the report again.",
    job=(
        "Brings the winner of a finished dataset back, whose deployment was idle for days and removed. In the "
        "launchpad: dataset, and your name in approved_by with the digest of its plan. Without them it says what that "
        "costs."
    ),
    launchpad={"dataset": "", "approved_by": "", "plan_digest": ""},
)


class _Press(NamedTuple):
    """One press of a button."""

    context: dg.OpExecutionContext
    workflow: WorkflowInstance
    store: Workspace
    platform: Platform


def _drive(press: _Press, config: OneClickConfig, forced: dict[str, Any]) -> None:
    """Register the dataset and run every step that is due until none is.

    Raises:
        dagster.Failure: the configuration is wrong, a step failed, or the ceiling ended the run.
    """
    if not config.dataset:
        raise dg.Failure(
            "dataset is empty: name a JSONL file, accounts/ACCOUNT/datasets/ID, or a registered dataset in the "
            "launchpad",
            allow_retries=False,
        )
    context, _, store, platform = press
    # An empty list is what the launchpad opens with: it changes nothing that was registered.
    values = {name: value for name, value in session_values(config).items() if value != []}
    with readable_failures(), listening(to_log(context.log.info)):
        fields, name, readings = resolve_registered(store, {**values, **forced})
        registration = register(
            store, platform, fields, driver="command-line", name=name or config.name, readings=readings
        )
        context.instance.add_run_tags(context.run.run_id, {DATASET: registration.name})
        status = _run_steps(press, config, registration)
        _log_outcome(context, store, registration, status)


def _run_steps(press: _Press, config: OneClickConfig, registration: Registration) -> DatasetStatus:
    context, _, store, platform = press
    name, log = registration.name, context.log.info
    with _workers(press, name) as pool:
        answered = bool(config.approved_by and config.plan_digest and not registration.unused)
        states = (*UNDECIDED, *(TAKEN_OVER if answered else ()))
        plan_now(pool, store, platform, name, report=log, states=states)
        if answered:
            answer(pool, name, approval_config(config.approved_by, config.plan_digest, driver="command-line"))
        return drive(pool, store, name, report=log)


@contextmanager
def _workers(press: _Press, name: str) -> Iterator[ProcessPool]:
    """The workers of a run that has the dataset to itself."""
    context, workflow, store, _ = press

    def on_wait(holder: str) -> None:
        context.log.info(f"{name} is being worked on by {holder}; waiting")

    contender = Contender(this_process("a run from the UI"), on_wait)
    instance = context.instance.get_ref() if context.instance.is_persistent else None
    pool = ProcessPool(store.root, CODE_LOCATION, Recording(workflow, instance, origin_of(context.run)))
    with store.exclusive(name, "run", contender=contender), pool:
        yield pool


def _log_outcome(
    context: dg.OpExecutionContext, store: Workspace, registration: Registration, status: DatasetStatus
) -> None:
    name = registration.name
    page = f"of {name}: Catalog, the asset %s, tab Partitions, {name}"
    context.log.info(f"{name}: {status.note}")
    if status.state == "waiting":
        context.log.info(f"The plan {page % 'plan'}; the link beside `answer` approves it, and the rest follows.")
        head = store.header("plan", name)
        context.log.info(f"Or launch this job again with approved_by and plan_digest: {head.digest if head else ''}")
    if registration.unused:
        clauses = "; ".join(f"{clause!r}: {suggest(clause)}" for clause in registration.unused)
        context.log.warning(f"Not understood in the instruction, and nothing runs on a guess: {clauses}")
    if status.state in ("incomplete", "running"):
        raise dg.Failure(f"{name}: {status.note}", allow_retries=False)
    if status.state == "done":
        context.log.info(f"The report {page % 'report'}")
        spent = approved_account(store, name).ledger().spent
        context.instance.add_run_tags(context.run.run_id, usd_tag(COST, spent))
