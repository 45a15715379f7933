"""Jobs of the schedules: read registered files again, and benchmark models that became tunable since the plan."""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

import dagster as dg
from pydantic import Field

from fw_assets.classification.dataset_reference import MAX_DATASET_NAME, dataset_name
from fw_assets.pipeline.automation.definition import workflow_job
from fw_assets.pipeline.partitions import add_partitions
from fw_assets.pipeline.platform.catalogue import tunable_models
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register, register_version
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.workspace import Workspace

NEW_MODELS_SUFFIX = "-new-models"


class DatasetConfig(dg.Config):
    """One registered dataset."""

    dataset: str = Field(description="Its name, as in the partitions.")


def restage(store: Workspace, platform: Platform, dataset: str) -> bool:
    """Register a dataset's files again and return whether they changed; the phases then plan what changed.

    Raises:
        InputError: a file or a field is wrong by now.
    """
    fields = store.require("registration", dataset, Registration).session_fields()
    return register_version(store, platform, fields, dataset)[1]


def register_new_models(store: Workspace, platform: Platform, dataset: str) -> tuple[str, ...]:
    """Register a benchmark of the models that are tunable now and not in the dataset's session; returns their names.

    It is a dataset of its own, whose plan waits for approval like any other.
    """
    registration = store.require("registration", dataset, Registration)
    session = registration.session
    present = {_model_id(name) for name in session.models}
    tunable = platform.call(tunable_models)
    new = tuple(sorted(model.name for model in tunable if model.slug not in present))
    if new:
        fields = registration.session_fields() | {"models": list(new), "mode": "benchmark", "instruction": None}
        register(store, platform, fields, driver="daemon", name=new_models_name(dataset))
    return new


def new_models_name(dataset: str) -> str:
    """The name of a dataset's benchmark of new models."""
    return dataset_name(dataset[: MAX_DATASET_NAME - len(NEW_MODELS_SUFFIX)] + NEW_MODELS_SUFFIX)


def _model_id(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def restage_dataset(
    context: dg.OpExecutionContext, config: DatasetConfig, workspace: WorkspaceResource, platform: PlatformResource
) -> None:
    with readable_failures():
        changed = restage(workspace.open(), platform.open(), config.dataset)
    context.log.info(f"{config.dataset}: {'changed, to be planned' if changed else 'nothing changed'}")


def benchmark_of_new_models(
    context: dg.OpExecutionContext,
    config: DatasetConfig,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> None:
    with readable_failures():
        new = register_new_models(workspace.open(), platform.open(), config.dataset)
    if new:
        add_partitions(context.instance, "datasets", [new_models_name(config.dataset)], workflow)
    context.log.info(f"{config.dataset}: {', '.join(new) or 'no model that was not in the plan'}")


reread_dataset = workflow_job(
    "reread_dataset",
    restage_dataset,
    op="Reads a registered dataset's files again. Nothing happens when they are what they were.",
    job="For {weekly_rerun}: reads one registered dataset's files again.",
)
benchmark_new_models = workflow_job(
    "benchmark_new_models",
    benchmark_of_new_models,
    op="Registers the models that can be tuned now and were not in the plan as a benchmark of their own.",
    job="For {monthly_benchmark}: plans a benchmark of one dataset over newly tunable models.",
)
