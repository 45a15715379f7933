"""The code location with its schedules switched on and due every minute, for `ticking_schedules`."""

from typing import Any

import dagster as dg

from fw_assets import definitions


def _every_minute(schedule: Any) -> dg.ScheduleDefinition:
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
    schedules=[_every_minute(schedule) for schedule in definitions.defs.schedules or ()],
)
