"""Workflow instance: the names and settings that tell one workflow in a Dagster deployment from the others.

Everything that Dagster knows by a name (assets, partitions, jobs, pools, sensors, schedules, resources) is named here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr

from fw_assets.settings import PlatformName

OWNERS = ("team:fw-assets",)
"""Shown on every asset's page, and a filter of the catalog."""


Status = Literal["running", "stopped", "absent"]
"""Of a sensor or schedule: switched on, off until a person switches it on, or not there."""


@dataclass(frozen=True)
class PlatformChoice:
    """The platform of an instance, in place of that of the environment.

    Attributes:
        account: of the service; None for the key's own.
        key: of the service, or of an embedded platform at `url`. It is in no configuration that Dagster's pages show.
        url: another address of the service, or that of an embedded platform that another process serves.
        home: state of the embedded platform; None for `.platform` in the workspace.
    """

    kind: PlatformName = "embedded"
    account: str | None = None
    key: SecretStr | None = None
    url: str | None = None
    home: str | None = None


@dataclass(frozen=True)
class WorkflowInstance:
    """One workflow of a deployment.

    Attributes:
        name: begins the name of all that it defines; empty for the code location of this package, which has none.
        key_prefix: of its asset keys.
        group_prefix: begins the names of its asset groups.
        workspace: a folder or fsspec URL; None, as below: what the environment of a run says.
        inbox: a folder or fsspec URL that the sensor `inbox` watches.
        watched: pattern of the platform's dataset ids that the sensor `platform_datasets` registers.
        session: fields of its sessions as JSON, which a session file in the inbox changes.
        scheduled: pattern of the datasets that the schedules take.
        regression_max_usd: the most that one check of a deployment may cost.
        sources: keys of the assets that its datasets come from.
        automation: status of sensors and schedules by their names in an instance that has none; what is not named is
            as the table of docs/dagster.md says.
    """

    name: str = ""
    key_prefix: tuple[str, ...] = ()
    group_prefix: str = ""
    owners: tuple[str, ...] = OWNERS
    workspace: str | None = None
    platform: PlatformChoice | None = None
    inbox: str | None = None
    watched: str | None = None
    session: str = "{}"
    scheduled: str | None = None
    regression_max_usd: float | None = None
    sources: tuple[tuple[str, ...], ...] = ()
    automation: tuple[tuple[str, Status], ...] = ()

    def named(self, name: str) -> str:
        """The name in this instance of a job, a sensor, a schedule, a pool, a resource or a partitions definition."""
        return f"{self.name}_{name}" if self.name else name

    def status(self, name: str) -> Status | None:
        """Of a sensor or a schedule; None where the instance does not say."""
        return dict(self.automation).get(name)

    @property
    def session_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.session)
        return fields

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
