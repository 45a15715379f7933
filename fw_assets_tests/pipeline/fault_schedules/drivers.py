"""Driver of a dataset's steps in this process: the functions of the assets themselves, without Dagster around them."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import dagster as dg

from fw_assets.definitions import defs
from fw_assets.pipeline.failures import MAX_RETRIES
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.phases import DatasetStatus, Step, due
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.run_config import Driver
from fw_assets.pipeline.run_tags import step_tags
from fw_assets.workspace.workspace import Workspace

UNPAID = ("baselines", "report")
"""Assets that cost nothing: no schedule waits for them."""
DATASET = "tickets"


@dataclass(frozen=True)
class Resource:
    """A resource that is open already."""

    value: Any

    def open(self) -> Any:
        return self.value


def materialize(store: Workspace, host: Platform, step: Step, asset: str, config: dg.Config | None = None) -> None:
    """Call an asset's function as Dagster does, and again while it asks for that.

    Raises:
        dagster.Failure: the step failed.
    """
    node: Any = _assets()[asset].node_def
    compute = node.compute_fn.decorated_fn
    parameters = inspect.signature(compute).parameters
    given: dict[str, Any] = {"workspace": Resource(store), "platform": Resource(host)}
    if "config" in parameters:
        given["config"] = config or parameters["config"].annotation()
    arguments = {name: value for name, value in given.items() if name in parameters}
    for retry in range(MAX_RETRIES + 1):
        try:
            compute(context=_context(asset, step, retry), **arguments)
        except dg.RetryRequested:
            continue
        return


def drive(store: Workspace, host: Platform, driver: Driver) -> DatasetStatus:
    """Run what is due and costs money until nothing is.

    Raises:
        dagster.Failure: a step failed, after which nothing else is started.
    """
    while True:
        status = due(store, DATASET, driver)
        steps = [step for step in status.steps if step.assets[0] not in UNPAID]
        if not steps or is_delivered(store, steps[0]):
            return status
        for asset in steps[0].assets:
            if asset not in UNPAID:
                materialize(store, host, steps[0], asset)


def is_delivered(store: Workspace, step: Step) -> bool:
    """Whether only the report is left of the last step."""
    return step.assets[0] == "deployment" and store.header("deployment", DATASET) is not None


@functools.cache
def _assets() -> dict[str, dg.AssetsDefinition]:
    return {asset.key.to_user_string(): asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)}


def _context(asset: str, step: Step, retry: int) -> Any:
    def nothing(*_: Any, **__: Any) -> None:
        """What Dagster would keep."""

    instance = SimpleNamespace(
        get_run_by_id=nothing,
        add_run_tags=nothing,
        add_dynamic_partitions=nothing,
        report_runless_asset_event=nothing,
    )
    return SimpleNamespace(
        asset_key=dg.AssetKey(asset),
        partition_key=partition_key(step.dataset, step.model),
        log=SimpleNamespace(info=nothing, warning=nothing),
        run=SimpleNamespace(run_id="virtual", tags=step_tags(step), parent_run_id=None),
        instance=instance,
        retry_number=retry,
    )
