"""Deployment that the platform has removed since it was reported: noticed, so that the winner is delivered again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from fw_assets.classification.errors import InputError
from fw_assets.fireworks import Deployment, Fireworks, FireworksError
from fw_assets.pipeline.errors.attempts import DeploymentRemoved
from fw_assets.pipeline.evaluation.endpoint import live_deployment
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.delivery import DeploymentRecord, RemovedDeployment
from fw_assets.pipeline.workflow.next_step import to_deploy
from fw_assets.workspace.workspace import Workspace

PATIENCE_SECONDS = 5.0


async def note_removal(client: Fireworks, store: Workspace, dataset: str) -> bool:
    """Note that the deployment of a report is gone, which makes its delivery due again; returns whether it is."""
    record = store.read("deployment", dataset, DeploymentRecord)
    if record is None or not record.deployed or record.deployment is None:
        return False
    if await live_deployment(client, record.deployment) is not None:
        return False
    store.write("removed_deployment", dataset, RemovedDeployment(deployment=record.deployment), inputs="")
    return True


def removed_deployments(platform: Callable[[], Platform], store: Workspace, datasets: Sequence[str]) -> frozenset[str]:
    """Those of finished datasets whose deployment is gone from the platform.

    None where it does not answer in a moment, or there is no key to ask it: nobody waits for a mere remark.

    Args:
        platform: makes the platform, which needs settings; called where there is something to ask for.
    """
    named: dict[str, str] = {}
    for dataset in datasets:
        try:
            record = store.read("deployment", dataset, DeploymentRecord)
        except InputError:
            continue  # its own status says so
        if record is not None and record.deployed and record.deployment is not None:
            named[dataset] = record.deployment
    if not named:
        return frozenset()

    async def listed(client: Fireworks) -> set[str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return {item.name for item in await client.deployments() if not item.gone}

    try:
        up = platform().call(listed)
    except (FireworksError, InputError, OSError, TimeoutError):
        return frozenset()
    return frozenset(dataset for dataset, deployment in named.items() if deployment not in up)


async def require_deployment(
    client: Fireworks, store: Workspace, dataset: str, record: DeploymentRecord
) -> Deployment | None:
    """What serves the winner; None where that is no deployment of its own.

    Raises:
        DeploymentRemoved: it was removed; the message says what brings it back.
    """
    if record.deployment is None:
        return None
    deployment = await live_deployment(client, record.deployment)
    if deployment is None:
        raise DeploymentRemoved(record.deployment, to_deploy(store, dataset), comes_back=record.deployed)
    return deployment
