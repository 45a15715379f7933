"""The decorator of the pipeline's assets: what the table of assets says is taken from there; each step has a lock."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import dagster as dg

from fw_assets.pipeline.asset_table import ASSETS, AssetEntry, asset_entry
from fw_assets.pipeline.partitions import cells, datasets
from fw_assets.pipeline.steps.run_record import recorded
from fw_assets.pipeline.steps.step_lock import step_lock
from fw_assets.pipeline.values.io_manager import VALUES
from fw_assets.pipeline.workflow.binding import bound
from fw_assets.pipeline.workflow.instance import WorkflowInstance

AssetFactory = Callable[[WorkflowInstance], dg.AssetsDefinition]
"""An asset of any workflow instance."""


def pipeline_asset(
    *, kinds: set[str], description: str, code_version: str = "1"
) -> Callable[[Callable[..., Any]], AssetFactory]:
    """Define the asset that the decorated function is named after, for each instance that is asked for.

    Raises:
        KeyError: the table of assets has no such key.
    """

    def define(compute: Callable[..., Any]) -> AssetFactory:
        entry = asset_entry(compute.__name__)

        @wraps(compute)
        def exclusive(context: dg.AssetExecutionContext, **arguments: Any) -> Any:
            store = arguments["workspace"].open()
            with step_lock(context, store), recorded(context, store):
                result = compute(context, **arguments)
            # The checks name their asset, which in an instance with a prefix has another key.
            key = context.asset_key
            return result._replace(check_results=[check._replace(asset_key=key) for check in result.check_results])

        def asset_of(workflow: WorkflowInstance) -> dg.AssetsDefinition:
            partitions = datasets(workflow) if entry.per == "dataset" else cells(workflow)
            return dg.asset(
                key=workflow.key(entry.key),
                partitions_def=partitions,
                deps=[dg.AssetKey(key) for key in _needs(entry, workflow)],
                group_name=f"{workflow.group_prefix}{entry.group}",
                pool=workflow.named(entry.pool) if entry.pool else None,
                io_manager_key=workflow.named("values") if entry.key in VALUES else None,
                check_specs=_check_specs(entry, partitions, workflow),
                freshness_policy=_freshness_policy(entry),
                owners=list(workflow.owners),
                kinds=kinds,
                code_version=code_version,
                description=workflow.text(description),
            )(bound(exclusive, workflow))

        return asset_of

    return define


def _freshness_policy(entry: AssetEntry) -> dg.FreshnessPolicy | None:
    if entry.freshness is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=entry.freshness.fail, warn_window=entry.freshness.warn)


def _needs(entry: AssetEntry, workflow: WorkflowInstance) -> list[Sequence[str]]:
    """Keys of what an asset is made from; of the first one, the assets that give the instance its datasets."""
    own = [workflow.key(needed) for needed in entry.needs]
    return [*own, *(workflow.sources if entry is ASSETS[0] else ())]


def _check_specs(
    entry: AssetEntry, partitions: dg.PartitionsDefinition[str], workflow: WorkflowInstance
) -> list[dg.AssetCheckSpec]:
    """The checks of an asset, partitioned as the asset is.

    The UI holds the result of an unpartitioned check against the newest materialization of any partition, and says "Not
    evaluated" as soon as two datasets are at work at the same time.
    """
    with warnings.catch_warnings():
        # Dagster calls the partitions of a check a preview.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset=workflow.key(entry.key), description=text, partitions_def=partitions)
            for name, text in entry.checks.items()
        ]
