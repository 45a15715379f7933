"""Decorators of sensors, schedules and jobs: each is defined for every workflow instance that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

import dagster as dg

from fw_assets.pipeline.jobs import step_jobs
from fw_assets.pipeline.workflow.binding import bound
from fw_assets.pipeline.workflow.instance import Status, WorkflowInstance

Defined = TypeVar("Defined", dg.SensorDefinition, dg.ScheduleDefinition)
JobFactory = Callable[[WorkflowInstance], dg.JobDefinition]


@dataclass(frozen=True)
class Automation(Generic[Defined]):
    """A sensor or schedule of any workflow instance.

    Attributes:
        name: in an instance that has none.
        usual: its status where the instance does not say another.
    """

    name: str
    usual: Status
    define: Callable[[WorkflowInstance, str], Defined]

    def __call__(self, workflow: WorkflowInstance) -> Defined:
        return self.define(workflow, (workflow.status(self.name) or self.usual).upper())


def workflow_sensor(
    *, jobs: tuple[str, ...] = (), seconds: int, description: str, usual: Status = "running"
) -> Callable[[Callable[..., Any]], Automation[dg.SensorDefinition]]:
    """Define the sensor that the decorated function is named after.

    Args:
        jobs: names of the jobs of steps that it starts.
        seconds: between two looks.
        usual: its status where an instance does not say another.
    """

    def of(evaluate: Callable[..., Any]) -> Automation[dg.SensorDefinition]:
        def define(workflow: WorkflowInstance, status: str) -> dg.SensorDefinition:
            by_name = step_jobs(workflow)
            sensor: Callable[[Callable[..., Any]], dg.SensorDefinition] = dg.sensor(
                name=workflow.named(evaluate.__name__),
                jobs=[by_name[name] for name in jobs] or None,
                minimum_interval_seconds=seconds,
                default_status=dg.DefaultSensorStatus(status),
                description=workflow.text(description),
            )
            return sensor(bound(evaluate, workflow))

        return Automation(evaluate.__name__, usual, define)

    return of


def workflow_schedule(
    *,
    job: Callable[[WorkflowInstance], dg.JobDefinition | dg.UnresolvedAssetJobDefinition],
    cron: str,
    description: str,
) -> Callable[[Callable[..., Any]], Automation[dg.ScheduleDefinition]]:
    """Define the schedule that the decorated function is named after, which is off unless an instance says otherwise.

    Args:
        job: what it starts.
        cron: when, in UTC.
    """

    def of(evaluate: Callable[..., Any]) -> Automation[dg.ScheduleDefinition]:
        def define(workflow: WorkflowInstance, status: str) -> dg.ScheduleDefinition:
            schedule: Callable[[Callable[..., Any]], dg.ScheduleDefinition] = dg.schedule(
                name=workflow.named(evaluate.__name__),
                job=job(workflow),
                cron_schedule=cron,
                default_status=dg.DefaultScheduleStatus(status),
                description=workflow.text(description),
            )
            return schedule(bound(evaluate, workflow))

        return Automation(evaluate.__name__, "stopped", define)

    return of


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
