"""Decorators of sensors, schedules and jobs: each is defined for every workflow instance that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import dagster as dg

from fw_assets.pipeline.jobs import step_jobs
from fw_assets.pipeline.workflow.binding import bound
from fw_assets.pipeline.workflow.instance import WorkflowInstance

SensorFactory = Callable[[WorkflowInstance], dg.SensorDefinition]
ScheduleFactory = Callable[[WorkflowInstance], dg.ScheduleDefinition]
JobFactory = Callable[[WorkflowInstance], dg.JobDefinition]


def workflow_sensor(
    *, jobs: tuple[str, ...] = (), seconds: int, description: str, running: bool = True
) -> Callable[[Callable[..., Any]], SensorFactory]:
    """Define the sensor that the decorated function is named after.

    Args:
        jobs: names of the jobs of steps that it starts.
        seconds: between two looks.
        running: whether it is on unless an instance says otherwise.
    """

    def define(evaluate: Callable[..., Any]) -> SensorFactory:
        def sensor_of(workflow: WorkflowInstance) -> dg.SensorDefinition:
            by_name = step_jobs(workflow)
            sensor: Callable[[Callable[..., Any]], dg.SensorDefinition] = dg.sensor(
                name=workflow.named(evaluate.__name__),
                jobs=[by_name[name] for name in jobs] or None,
                minimum_interval_seconds=seconds,
                default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
                description=workflow.text(description),
            )
            return sensor(bound(evaluate, workflow))

        return sensor_of

    return define


def workflow_schedule(
    *,
    job: Callable[[WorkflowInstance], dg.JobDefinition | dg.UnresolvedAssetJobDefinition],
    cron: str,
    description: str,
) -> Callable[[Callable[..., Any]], ScheduleFactory]:
    """Define the schedule that the decorated function is named after, which is off unless an instance says otherwise.

    Args:
        job: what it starts.
        cron: when, in UTC.
    """

    def define(evaluate: Callable[..., Any]) -> ScheduleFactory:
        def schedule_of(workflow: WorkflowInstance) -> dg.ScheduleDefinition:
            schedule: Callable[[Callable[..., Any]], dg.ScheduleDefinition] = dg.schedule(
                name=workflow.named(evaluate.__name__),
                job=job(workflow),
                cron_schedule=cron,
                default_status=dg.DefaultScheduleStatus.STOPPED,
                description=workflow.text(description),
            )
            return schedule(bound(evaluate, workflow))

        return schedule_of

    return define


def workflow_job(
    name: str, compute: Callable[..., Any], *, op: str, job: str, launchpad: Mapping[str, Any] | None = None
) -> JobFactory:
    """A job of one op, which is named after its function.

    Args:
        op, job: what each does.
        launchpad: the configuration of the op that a launchpad opens with.
    """

    @cache
    def job_of(workflow: WorkflowInstance) -> dg.JobDefinition:
        op_name = workflow.named(compute.__name__)
        define_op: Callable[[Callable[..., Any]], dg.OpDefinition] = dg.op(name=op_name, description=op)
        only = define_op(bound(compute, workflow))

        configured: Any = {"config": {"ops": {op_name: {"config": dict(launchpad)}}}} if launchpad else {}

        @dg.job(
            name=workflow.named(name),
            executor_def=dg.in_process_executor,
            description=workflow.text(job),
            **configured,
        )
        def whole() -> None:
            only()

        return whole

    return job_of
