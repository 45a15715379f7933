"""The asset `dataset` of a workflow with one dataset: it registers it, each time that its source has other content."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Callable
from typing import Any

import dagster as dg

from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.errors import InputError
from fw_assets.classification.values import digest
from fw_assets.components.observed_version import observed_version
from fw_assets.components.source_table import dataset_reference
from fw_assets.components.sources import DATASET, DatasetSource
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.automation.scan import one_line
from fw_assets.pipeline.partitions import add_partitions
from fw_assets.pipeline.registration.registration import register_version
from fw_assets.pipeline.registration.sources import source_version
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.ui.metadata import summary
from fw_assets.pipeline.workflow.binding import bound
from fw_assets.pipeline.workflow.instance import WorkflowInstance

REGISTER = "register_dataset"


def dataset_definitions(workflow: WorkflowInstance, origin: DatasetSource) -> dg.Definitions:
    """The asset, its job, and the sensor that starts it."""
    asset = _asset(workflow, origin)
    job = dg.define_asset_job(
        workflow.named(REGISTER),
        dg.AssetSelection.assets(asset.key),
        executor_def=dg.in_process_executor,
        description=workflow.text(
            "Registers what the source of the dataset holds now; nothing happens where that is registered. Starts by "
            "itself, by the sensor {dataset}."
        ),
    )
    status = workflow.status(DATASET) or "running"
    sensors = [] if status == "absent" else [_sensor(workflow, origin, job, status.upper())]
    return dg.Definitions(assets=[asset], jobs=[job], sensors=sensors)


def _asset(workflow: WorkflowInstance, origin: DatasetSource) -> dg.AssetsDefinition:
    upstream = origin.source.key

    def upstream_dataset(
        context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource, table: Any
    ) -> dg.MaterializeResult:
        return _register(context, workflow, origin, workspace, platform, table)

    def named_dataset(
        context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
    ) -> dg.MaterializeResult:
        return _register(context, workflow, origin, workspace, platform, origin.reference)

    # The day of today has not been materialized yet, and others may never be.
    table = dg.AssetIn(
        key=upstream, input_manager_key=origin.source.io_manager, metadata={"allow_missing_partitions": True}
    )
    ins = {"table": table} if upstream else {}
    define: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        key=workflow.key(DATASET),
        ins=ins,
        group_name=f"{workflow.group_prefix}1_plan",
        owners=list(workflow.owners),
        kinds={"polars"},
        code_version="1",
        description=(
            "The rows as their source has them, registered as a dataset. Content that is registered already changes "
            "nothing; other content is another version of it, whose plan waits for approval."
        ),
    )
    return define(bound(upstream_dataset if upstream else named_dataset, workflow))


def _register(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    origin: DatasetSource,
    workspace: WorkspaceResource,
    platform: PlatformResource,
    value: object,
) -> dg.MaterializeResult:
    store = workspace.open()
    with readable_failures():
        reference = dataset_reference(store, origin.name, origin.source, value)
        fields = {**workflow.session_fields, **origin.source.session_fields(), "dataset": reference}
        registration, is_new = register_version(store, platform.open(), fields, origin.name)
    add_partitions(context.instance, "datasets", [origin.name], workflow)
    what = "a new version, to be planned" if is_new else "the content that is registered already"
    return dg.MaterializeResult(
        data_version=dg.DataVersion(registration.inputs),
        metadata={
            "summary": summary(origin.name, what),
            "new_version": is_new,
            "digest": registration.inputs,
            "bytes": sum(file.size_bytes for file in registration.files),
        },
    )


def _sensor(
    workflow: WorkflowInstance, origin: DatasetSource, job: "dg.UnresolvedAssetJobDefinition", status: str
) -> dg.SensorDefinition:
    upstream, reference = origin.source.key, origin.reference

    def watch(context: dg.SensorEvaluationContext, platform: PlatformResource) -> dg.SensorResult:
        """Requests a registration when the source has changed, or the session."""
        try:
            version = _upstream_version(context, upstream) if upstream else _version(platform, str(reference))
        except (InputError, FireworksError, OSError) as error:
            return dg.SensorResult(skip_reason=one_line(error), cursor=context.cursor)
        mark = digest([version, workflow.session, origin.source.model_dump(mode="json")], 16)
        if not version or mark == context.cursor:
            waits = f"{upstream.to_user_string()} has not been materialized yet" if upstream else ""
            return dg.SensorResult(skip_reason=waits if not version else "nothing new", cursor=context.cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=mark)], cursor=mark)

    remote = reference is not None and is_remote(reference)
    define: Callable[[Callable[..., Any]], dg.SensorDefinition] = dg.sensor(
        name=workflow.named(DATASET),
        job=job,
        minimum_interval_seconds=30 if remote else 3,
        default_status=dg.DefaultSensorStatus(status),
        description="Registers the dataset when its source has changed: the upstream asset, the file, or what is there "
        "under the URL.",
    )
    return define(bound(watch, workflow))


def _upstream_version(context: dg.SensorEvaluationContext, key: dg.AssetKey) -> str:
    """Of the newest materialization, or observation of an asset that is only observed; empty where there is none."""
    event = context.instance.get_latest_materialization_event(key)
    return observed_version(context.instance, key) if event is None else f"{event.run_id} {event.timestamp}"


def _version(platform: PlatformResource, reference: str) -> str:
    # A source without versions is read once here; the schedule `weekly_rerun` reads it again.
    return source_version(platform.open(), reference) or "unversioned"
