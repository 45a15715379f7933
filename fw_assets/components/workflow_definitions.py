"""Definitions of one workflow instance: assets, jobs, sensors, schedules and resources."""

from __future__ import annotations

from importlib import import_module

import dagster as dg

from fw_assets.pipeline import assets
from fw_assets.pipeline.asset_table import ASSETS
from fw_assets.pipeline.automation import alerts, one_click_jobs, outdated_plans, schedules, sensors, upkeep_jobs
from fw_assets.pipeline.jobs import step_jobs
from fw_assets.pipeline.resources import InstancePlatform, PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import AssetFactory
from fw_assets.pipeline.values.io_manager import WorkflowValues
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.pipeline.workflow.owner import Owner

JOBS = (
    one_click_jobs.benchmark_only,
    one_click_jobs.full_workflow,
    one_click_jobs.deploy_winner,
    upkeep_jobs.reread_dataset,
    upkeep_jobs.benchmark_new_models,
)
SCHEDULES = (schedules.nightly_regression, schedules.weekly_rerun, schedules.monthly_benchmark)
SENSORS = (
    sensors.phases,
    sensors.inbox,
    sensors.platform_datasets,
    sensors.lost_runs,
    outdated_plans.outdated_plans,
    alerts.alerts,
)


def workflow_definitions(workflow: WorkflowInstance) -> dg.Definitions:
    """All that Dagster has to know of an instance. Nothing is read: neither the environment nor a file."""
    return dg.Definitions(
        assets=[_asset(entry.key)(workflow) for entry in ASSETS],
        jobs=[*step_jobs(workflow).values(), *(job(workflow) for job in JOBS)],
        schedules=[schedule(workflow) for schedule in SCHEDULES if workflow.status(schedule.name) != "absent"],
        sensors=[sensor(workflow) for sensor in SENSORS if workflow.status(sensor.name) != "absent"],
        resources={
            workflow.named("workspace"): WorkspaceResource(
                root=workflow.workspace,
                platform=workflow.platform.kind if workflow.platform else None,
                component=_owner(workflow),
            ),
            workflow.named("platform"): platform_of(workflow),
            workflow.named("values"): WorkflowValues(root=workflow.workspace),
        },
        # A run is a process of its own already, and its work is remote or native: a process per step only costs
        # seconds. In a project of others, whose executor it is, the jobs have theirs.
        executor=None if workflow.name else dg.in_process_executor,
    )


def platform_of(workflow: WorkflowInstance) -> PlatformResource | InstancePlatform:
    """The resource of an instance's platform."""
    return PlatformResource() if workflow.platform is None else InstancePlatform(workflow, workflow.platform)


def _owner(workflow: WorkflowInstance) -> str | None:
    if not workflow.name or workflow.platform is None:
        return None
    return Owner(name=workflow.name, key_prefix=workflow.key_prefix, platform=workflow.platform.kind).model_dump_json()


def _asset(name: str) -> AssetFactory:
    """Asset of any instance, from the module that is named after it."""
    factory: AssetFactory = getattr(import_module(f"{assets.__name__}.{name}"), name)
    return factory
