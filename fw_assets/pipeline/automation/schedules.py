"""Schedules. All are off until a person switches them on."""

# No `from __future__ import annotations` here: Dagster reads a schedule's annotations as they are written.

from collections.abc import Iterator
from fnmatch import fnmatchcase

import dagster as dg

from fw_assets.pipeline.automation.definition import workflow_schedule
from fw_assets.pipeline.automation.upkeep_jobs import NEW_MODELS_SUFFIX, benchmark_new_models, reread_dataset
from fw_assets.pipeline.jobs import CHECK_DEPLOYMENT, step_jobs
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.run_tags import DATASET, PHASE
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


def _scheduled_datasets(workflow: WorkflowInstance, store: Workspace) -> list[str]:
    pattern = workflow.scheduled or settings().fw_scheduled_datasets
    return [name for name in store.datasets() if fnmatchcase(name, pattern)]


def _date(context: dg.ScheduleEvaluationContext) -> str:
    return context.scheduled_execution_time.date().isoformat()


@workflow_schedule(
    job=lambda workflow: step_jobs(workflow)[CHECK_DEPLOYMENT],
    cron="0 2 * * *",
    description=(
        "Every night at 2 (UTC): asks each live deployment again for its frozen test rows. The check regression "
        "fails where all nights together show a loss against the accepted answers. Not part of any approved plan: "
        "$FW_REGRESSION_MAX_USD (default 0) is the most that one check may cost. $FW_SCHEDULED_DATASETS chooses the "
        "datasets, e.g. tickets-*; all without it."
    ),
)
def nightly_regression(
    context: dg.ScheduleEvaluationContext, workflow: WorkflowInstance, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per live deployment and date."""
    store, date = workspace.open(), _date(context)
    given = workflow.regression_max_usd
    max_usd = settings().fw_regression_max_usd if given is None else given
    live = [
        name
        for name in _scheduled_datasets(workflow, store)
        if (record := store.read("deployment", name, DeploymentRecord)) is not None and record.deployed
    ]
    for name in live:
        yield dg.RunRequest(
            run_key=f"regression/{name}/{date}",
            partition_key=name,
            asset_selection=[dg.AssetKey(workflow.key("regression"))],
            run_config={"ops": {workflow.op("regression"): {"config": {"date": date, "max_usd": max_usd}}}},
            tags={DATASET: name, PHASE: "regression"},
        )
    if not live:
        yield dg.SkipReason("nothing is deployed")


@workflow_schedule(
    job=reread_dataset,
    cron="0 3 * * 1",
    description=(
        "Every Monday at 3 (UTC): reads the files of each registered dataset again. Where they changed, a new plan is "
        "made and waits for approval; where nothing changed, nothing happens. $FW_SCHEDULED_DATASETS chooses them."
    ),
)
def weekly_rerun(
    context: dg.ScheduleEvaluationContext, workflow: WorkflowInstance, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per dataset and date."""
    yield from _run_for_each(context, workflow, workspace.open(), "restage_dataset")


@workflow_schedule(
    job=benchmark_new_models,
    cron="0 4 1 * *",
    description=(
        "On the first of every month at 4 (UTC): plans a benchmark of each dataset over the models that can be tuned "
        "by now and were not in its plan. The plan waits for approval. $FW_SCHEDULED_DATASETS chooses the datasets."
    ),
)
def monthly_benchmark(
    context: dg.ScheduleEvaluationContext, workflow: WorkflowInstance, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per dataset and date."""
    yield from _run_for_each(
        context, workflow, workspace.open(), "benchmark_of_new_models", excluded=(NEW_MODELS_SUFFIX,)
    )


def _run_for_each(
    context: dg.ScheduleEvaluationContext,
    workflow: WorkflowInstance,
    store: Workspace,
    op: str,
    excluded: tuple[str, ...] = (),
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    names = [name for name in _scheduled_datasets(workflow, store) if not name.endswith(excluded)]
    for name in names:
        yield dg.RunRequest(
            run_key=f"{op}/{name}/{_date(context)}",
            run_config={"ops": {workflow.named(op): {"config": {"dataset": name}}}},
            tags={DATASET: name, PHASE: op},
        )
    if not names:
        yield dg.SkipReason("no datasets yet")
