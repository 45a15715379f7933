"""Dagster resources: the workspace and the platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from pydantic import Field

from fw_assets.classification.dataset_reference import is_url
from fw_assets.pipeline.platform.platform import Platform, platform_from_environment
from fw_assets.pipeline.run_origin import record_origin
from fw_assets.pipeline.run_tags import DRIVER, tag_partition
from fw_assets.pipeline.run_workers import tag_worker
from fw_assets.pipeline.workflow.instance import PlatformChoice, WorkflowInstance
from fw_assets.pipeline.workflow.owner import Owner, note_owner
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


class WorkspaceResource(dg.ConfigurableResource):
    """The workspace of a run."""

    # Null and not empty: the launchpad lists every default that is a value, and nobody sets these there.
    root: str | None = Field(
        default=None,
        description="A folder or fsspec URL; without it $FW_WORKSPACE, or workspace/ in the current folder.",
    )
    component: str | None = Field(default=None, description="Owner of the workspace, as JSON: a component.")
    platform: str | None = Field(
        default=None, description="Platform of the instance, for the tag of its runs; without it $FW_PLATFORM."
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tags the run, whoever launched it, and with the process that executes it."""
        if context.run is not None and context.instance is not None:
            if self.component is not None:
                note_owner(self.open(), Owner.model_validate_json(self.component))
            if DRIVER in context.run.tags:
                record_origin(context.instance, context.run.run_id)
            tag_partition(context.instance, context.run, self.platform or settings().fw_platform)
            tag_worker(context.instance, context.run)

    def open(self) -> Workspace:
        return Workspace(self.root or settings().workspace_root)


@dataclass(frozen=True)
class InstancePlatform:
    """The platform of a workflow instance that has one of its own.

    It is no configuration of Dagster's, whose pages would show the key.
    """

    workflow: WorkflowInstance
    choice: PlatformChoice

    @property
    def root(self) -> str:
        """The workspace of the instance."""
        return self.workflow.workspace or settings().workspace_root

    def open(self) -> Platform:
        chosen, root = self.choice, self.root
        home = Path(chosen.home or (".fw-platform" if is_url(root) else f"{root}/.platform")).resolve()
        return Platform(chosen.kind, home, chosen.url, chosen.account, chosen.key)


class PlatformResource(dg.ConfigurableResource):
    """The platform of a run. The key stays in the environment."""

    name: str | None = Field(default=None, description="embedded or fireworks; without it $FW_PLATFORM, or embedded.")

    def open(self) -> Platform:
        """The platform that the settings name.

        Raises:
            ValueError: the resource names another.
        """
        platform = platform_from_environment()
        if self.name and self.name != platform.name:
            raise ValueError(f"the resource names {self.name}, the environment {platform.name}: set FW_PLATFORM")
        return platform
