"""Workflow instance: the names and settings that tell one workflow in a Dagster deployment from the others.

Everything that Dagster knows by a name (assets, partitions, jobs, pools, sensors, schedules, resources) is named here.
"""

from __future__ import annotations

from dataclasses import dataclass

OWNERS = ("team:fw-assets",)
"""Shown on every asset's page, and a filter of the catalog."""


@dataclass(frozen=True)
class WorkflowInstance:
    """One workflow of a deployment.

    Attributes:
        name: begins the name of all that it defines; empty for the code location of this package, which has none.
        key_prefix: of its asset keys.
        group_prefix: begins the names of its asset groups.
    """

    name: str = ""
    key_prefix: tuple[str, ...] = ()
    group_prefix: str = ""
    owners: tuple[str, ...] = OWNERS

    def named(self, name: str) -> str:
        """The name in this instance of a job, a sensor, a schedule, a pool, a resource or a partitions definition."""
        return f"{self.name}_{name}" if self.name else name

    def key(self, asset: str) -> list[str]:
        """The path of an asset's key."""
        return [*self.key_prefix, asset]

    def op(self, asset: str) -> str:
        """The name of an asset in run configuration, as Dagster makes it of the key."""
        return "__".join(self.key(asset)).replace("-", "_")

    def text(self, description: str) -> str:
        """A description in which `{phases}` stands for the name of the sensor `phases`, and so for all others."""
        return description.format_map(_Names(self))


class _Names(dict[str, str]):
    def __init__(self, workflow: WorkflowInstance) -> None:
        super().__init__()
        self._workflow = workflow

    def __missing__(self, name: str) -> str:
        return self._workflow.named(name)


OWN = WorkflowInstance()
"""The code location of this package, and what `fw-assets run` records."""
