"""What can be done by the clock. All schedules are off until a person switches them on."""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

from collections.abc import Iterator
from fnmatch import fnmatchcase

import dagster as dg
from pydantic import Field

from fw_assets.classification.session import dataset_name
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.jobs import dataset_job
from fw_assets.pipeline.platform.catalogue import catalogue
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.values import DeploymentRecord, Registration
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

NEW_MODELS = "-new-models"
"""Ends the name of the benchmark of what can be tuned by now and was not in a dataset's plan."""


class DatasetConfig(dg.Config):
    """One registered dataset."""

    dataset: str = Field(description="Its name, as in the partitions.")


def restage(store: Workspace, host: Platform, dataset: str) -> bool:
    """Read a registered dataset's files again; whether anything changed. The phases then plan what changed.

    Raises:
        InputError: a file or a field is wrong by now.
    """
    before = store.require("registration", dataset, Registration)
    fields = before.session.model_dump(mode="json", exclude_unset=True)
    after = register(store, host, fields, driver="daemon", name=dataset)
    if after.inputs == before.inputs:
        store.write("registration", dataset, before, inputs=before.inputs)
    return after.inputs != before.inputs


def register_new_models(store: Workspace, host: Platform, dataset: str) -> tuple[str, ...]:
    """Put the models that can be tuned now and were not in the plan to a benchmark of their own; their names.

    It is a dataset of its own, whose plan waits for approval like any other.
    """
    before = store.require("registration", dataset, Registration)

    async def listed(client: Fireworks) -> tuple[str, ...]:
        return tuple(model.name for model in await catalogue(client) if model.tunable and not model.unusable)

    had = {name.rsplit("/", 1)[-1] for name in before.session.models}
    new = tuple(sorted(name for name in host.call(listed) if name.rsplit("/", 1)[-1] not in had))
    if new:
        given = before.session.model_dump(mode="json", exclude_unset=True)
        given = {key: value for key, value in given.items() if key != "instruction"}
        fields = {**given, "models": list(new), "mode": "benchmark"}
        register(store, host, fields, driver="daemon", name=new_models_name(dataset))
    return new


def new_models_name(dataset: str) -> str:
    """The name of the benchmark of new models."""
    return dataset_name(dataset[: 48 - len(NEW_MODELS)] + NEW_MODELS)


@dg.op(description="Reads a registered dataset's files again. Nothing happens when they are what they were.")
def restage_dataset(
    context: dg.OpExecutionContext, config: DatasetConfig, workspace: WorkspaceResource, platform: PlatformResource
) -> None:
    """The phases sensor plans what changed."""
    with readable_failures():
        changed = restage(workspace.open(), platform.open(), config.dataset)
    context.log.info(f"{config.dataset}: {'changed, to be planned' if changed else 'nothing changed'}")


@dg.op(description="Registers the models that can be tuned now and were not in the plan as a benchmark of their own.")
def benchmark_of_new_models(
    context: dg.OpExecutionContext, config: DatasetConfig, workspace: WorkspaceResource, platform: PlatformResource
) -> None:
    """The phases sensor plans it; the plan waits for approval."""
    with readable_failures():
        new = register_new_models(workspace.open(), platform.open(), config.dataset)
    if new:
        context.instance.add_dynamic_partitions("datasets", [new_models_name(config.dataset)])
    context.log.info(f"{config.dataset}: {', '.join(new) or 'no model that was not in the plan'}")


@dg.job(
    executor_def=dg.in_process_executor, description="For weekly_rerun: reads one registered dataset's files again."
)
def restage_job() -> None:
    """One op."""
    restage_dataset()


@dg.job(
    executor_def=dg.in_process_executor,
    description="For monthly_benchmark: plans a benchmark of one dataset over newly tunable models.",
)
def new_models_job() -> None:
    """One op."""
    benchmark_of_new_models()


def _chosen(store: Workspace) -> list[str]:
    pattern = settings().fw_scheduled_datasets
    return [name for name in store.datasets() if fnmatchcase(name, pattern)]


def _date(context: dg.ScheduleEvaluationContext) -> str:
    return context.scheduled_execution_time.date().isoformat()


@dg.schedule(
    job=dataset_job,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Every night at 2 (UTC): asks each live deployment again for its frozen test rows. The check regression "
        "fails where the paired interval against the accepted result excludes 0. Not part of any approved plan: "
        "$FW_REGRESSION_MAX_USD (default 0) is the most that one check may cost. $FW_SCHEDULED_DATASETS chooses the "
        "datasets, e.g. tickets-*; all without it."
    ),
)
def nightly_regression(
    context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per live deployment and date."""
    store, date = workspace.open(), _date(context)
    most = settings().fw_regression_max_usd
    live = [
        name
        for name in _chosen(store)
        if (record := store.read("deployment", name, DeploymentRecord)) is not None and record.deployed
    ]
    for name in live:
        yield dg.RunRequest(
            run_key=f"regression/{name}/{date}",
            partition_key=name,
            asset_selection=[dg.AssetKey("regression")],
            run_config={"ops": {"regression": {"config": {"date": date, "max_usd": most}}}},
            tags={"fw_assets/dataset": name, "fw_assets/phase": "regression"},
        )
    if not live:
        yield dg.SkipReason("nothing is deployed")


@dg.schedule(
    job=restage_job,
    cron_schedule="0 3 * * 1",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Every Monday at 3 (UTC): reads the files of each registered dataset again. Where they changed, a new plan is "
        "made and waits for approval; where nothing changed, nothing happens. $FW_SCHEDULED_DATASETS chooses them."
    ),
)
def weekly_rerun(
    context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per dataset and date."""
    yield from _for_each(context, workspace.open(), "restage_dataset")


@dg.schedule(
    job=new_models_job,
    cron_schedule="0 4 1 * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "On the first of every month at 4 (UTC): plans a benchmark of each dataset over the models that can be tuned "
        "by now and were not in its plan. The plan waits for approval. $FW_SCHEDULED_DATASETS chooses the datasets."
    ),
)
def monthly_benchmark(
    context: dg.ScheduleEvaluationContext, workspace: WorkspaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per dataset and date."""
    yield from _for_each(context, workspace.open(), "benchmark_of_new_models", but=NEW_MODELS)


def _for_each(
    context: dg.ScheduleEvaluationContext, store: Workspace, op: str, but: str | None = None
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    names = [name for name in _chosen(store) if but is None or not name.endswith(but)]
    for name in names:
        yield dg.RunRequest(
            run_key=f"{op}/{name}/{_date(context)}",
            run_config={"ops": {op: {"config": {"dataset": name}}}},
            tags={"fw_assets/dataset": name, "fw_assets/phase": op},
        )
    if not names:
        yield dg.SkipReason("no datasets yet")
