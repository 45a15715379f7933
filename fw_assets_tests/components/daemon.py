"""What Dagster's daemon does with the definitions of a project, in this process: ticks of sensors, and their runs."""

from __future__ import annotations

from typing import Any

import dagster as dg

MAX_ROUNDS = 40


class ProjectDaemon:
    """The daemon of a project.

    Attributes:
        skipped: why the sensors requested nothing at their last tick, by name.
    """

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.defs = defs
        self.instance = instance
        self.skipped: dict[str, str] = {}
        self._repository = defs.get_repository_def()
        self._cursors: dict[str, str | None] = {}
        self._keys: set[tuple[str, str]] = set()

    def tick(self, name: str) -> list[dg.RunRequest]:
        """The requests of a sensor that Dagster would not drop."""
        sensor = self._repository.get_sensor_def(name)
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self._cursors.get(name), resources=dict(self.defs.resources or {})
        )
        result: Any = sensor(context)
        if isinstance(result, dg.SkipReason):
            self.skipped[name] = result.skip_message or ""
            return []
        self._cursors[name] = result.cursor
        reason = result.skip_reason
        self.skipped[name] = str(reason.skip_message if isinstance(reason, dg.SkipReason) else reason)
        requests = [item for item in result.run_requests or [] if (name, str(item.run_key)) not in self._keys]
        self._keys |= {(name, str(item.run_key)) for item in requests}
        return requests

    def settle(self, *sensors: str) -> None:
        """Execute what the sensors request until they request nothing more."""
        for _ in range(MAX_ROUNDS):
            requests = [(name, request) for name in sensors for request in self.tick(name)]
            if not requests:
                return
            for name, request in requests:
                self.execute(request.job_name or self._only_job(name), request)
        raise AssertionError(f"something is still requested: {self.skipped}")

    def execute(self, job: str, request: dg.RunRequest) -> None:
        done = self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            asset_selection=list(request.asset_selection) if request.asset_selection else None,
            run_config=request.run_config,
            tags=dict(request.tags),
        )
        assert done.success

    def _only_job(self, sensor: str) -> str:
        (target,) = self._repository.get_sensor_def(sensor).targets
        return str(target.job_name)
