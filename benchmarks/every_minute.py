"""The code location with its schedules switched on and due every minute, for `ticking_schedules`."""

import dagster as dg

from fw_assets import definitions
from fw_assets.pipeline.automation import schedules

CLOCK = (schedules.nightly_regression, schedules.weekly_rerun, schedules.monthly_benchmark)


def _every_minute(schedule: dg.ScheduleDefinition) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=schedule.name,
        job=schedule.job,
        cron_schedule="* * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        execution_fn=schedule._execution_fn,
    )


defs = dg.Definitions(
    assets=definitions.defs.assets,
    jobs=definitions.defs.jobs,
    sensors=definitions.defs.sensors,
    resources=definitions.defs.resources,
    executor=definitions.defs.executor,
    schedules=[_every_minute(schedule) for schedule in CLOCK],
)
