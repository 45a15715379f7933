"""IO manager with which other assets take the values of a workflow as inputs: they are read from its workspace."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.values.approval import Approval
from fw_assets.pipeline.values.delivery import DeploymentRecord, ReportRecord
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

VALUES: Mapping[str, type[Frozen]] = {
    "plan": Plan,
    "approval": Approval,
    "deployment": DeploymentRecord,
    "report": ReportRecord,
}
"""The type of what an asset gives to others."""


class WorkflowValues(dg.ConfigurableIOManager):
    """Values of a workspace. The assets of the workflow write them themselves, as they are read without Dagster too."""

    root: str | None = None

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        raise NotImplementedError(f"{context.asset_key.to_user_string()} writes its value itself")

    def load_input(self, context: dg.InputContext) -> object:
        """The value of a dataset; for an asset that is not partitioned by dataset, and several datasets: one for each.

        Raises:
            FileNotFoundError: it has not been made yet.
        """
        store, asset = Workspace(self.root or settings().workspace_root), context.asset_key.path[-1]
        keys = [str(key) for key in context.asset_partition_keys]
        values = {key: store.require(asset, key, VALUES[asset]) for key in keys if store.header(asset, key)}
        if len(keys) == 1:
            return values[keys[0]] if values else store.require(asset, keys[0], VALUES[asset])
        return values
