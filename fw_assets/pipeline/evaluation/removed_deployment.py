"""Deployment that the platform has removed since it was reported: noticed, so that the winner is delivered again."""

from __future__ import annotations

from fw_assets.fireworks import Deployment, Fireworks
from fw_assets.pipeline.errors import DeploymentRemoved
from fw_assets.pipeline.evaluation.endpoint import live_deployment
from fw_assets.pipeline.values.delivery import DeploymentRecord, RemovedDeployment
from fw_assets.workspace.workspace import Workspace


async def note_removal(client: Fireworks, store: Workspace, dataset: str) -> bool:
    """Note that the deployment of a report is gone, which makes its delivery due again; returns whether it is."""
    record = store.read("deployment", dataset, DeploymentRecord)
    if record is None or not record.deployed or record.deployment is None:
        return False
    if await live_deployment(client, record.deployment) is not None:
        return False
    store.write("removed_deployment", dataset, RemovedDeployment(deployment=record.deployment), inputs="")
    return True


async def require_deployment(client: Fireworks, dataset: str, record: DeploymentRecord) -> Deployment | None:
    """What serves the winner; None where that is no deployment of its own.

    Raises:
        DeploymentRemoved: it was removed; the message says what brings it back.
    """
    if record.deployment is None:
        return None
    deployment = await live_deployment(client, record.deployment)
    if deployment is None:
        raise DeploymentRemoved(dataset, record.deployment, comes_back=record.deployed)
    return deployment
