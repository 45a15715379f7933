"""The two things from outside that every phase needs, as Dagster resources."""

from __future__ import annotations

import dagster as dg
from pydantic import Field

from fw_assets.pipeline.platform.platform import Platform, platform_from_environment
from fw_assets.pipeline.run_tags import tag_partition
from fw_assets.pipeline.run_workers import tag_worker
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


class WorkspaceResource(dg.ConfigurableResource):
    """Where results lie."""

    # Null and not empty: the launchpad lists every default that is a value, and nobody sets these there.
    root: str | None = Field(
        default=None,
        description="A folder or fsspec URL; without it $FW_WORKSPACE, or workspace/ in the current folder.",
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tags the run, whoever launched it, and with the process that executes it."""
        if context.run is not None and context.instance is not None:
            tag_partition(context.instance, context.run)
            tag_worker(context.instance, context.run)

    def open(self) -> Workspace:
        """The workspace."""
        return Workspace(self.root or settings().workspace_root)


class PlatformResource(dg.ConfigurableResource):
    """Which platform is spoken to. The key stays in the environment."""

    name: str | None = Field(default=None, description="embedded or fireworks; without it $FW_PLATFORM, or embedded.")

    def open(self) -> Platform:
        """The platform."""
        chosen = platform_from_environment()
        if self.name and self.name != chosen.name:
            raise ValueError(f"the resource names {self.name}, the environment {chosen.name}: set FW_PLATFORM")
        return chosen
