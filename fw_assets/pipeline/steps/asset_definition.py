"""The decorator of the pipeline's assets: what the table of assets says is taken from there; each step has a lock."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import dagster as dg

from fw_assets.pipeline.asset_table import AssetEntry, asset_entry
from fw_assets.pipeline.partitions import cells, datasets
from fw_assets.pipeline.steps.run_record import recorded
from fw_assets.pipeline.steps.step_lock import step_lock

OWNERS = ["team:fw-assets"]
"""Shown on every asset's page, and a filter of the catalog."""


def pipeline_asset(
    *, kinds: set[str], description: str, code_version: str = "1"
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Define the asset that the decorated function is named after.

    Raises:
        KeyError: the table of assets has no such key.
    """

    def define(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        entry = asset_entry(compute.__name__)

        @wraps(compute)
        def exclusive(context: dg.AssetExecutionContext, **arguments: Any) -> Any:
            store = arguments["workspace"].open()
            with step_lock(context, store), recorded(context, store):
                return compute(context, **arguments)

        partitions = datasets if entry.per == "dataset" else cells
        return dg.asset(
            name=entry.key,
            partitions_def=partitions,
            deps=entry.needs,
            group_name=entry.group,
            pool=entry.pool,
            check_specs=_check_specs(entry, partitions),
            owners=OWNERS,
            kinds=kinds,
            code_version=code_version,
            description=description,
        )(exclusive)

    return define


def _check_specs(entry: AssetEntry, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The checks of an asset, partitioned as the asset is.

    The UI holds the result of an unpartitioned check against the newest materialization of any partition, and says "Not
    evaluated" as soon as two datasets are at work at the same time.
    """
    with warnings.catch_warnings():
        # Dagster calls the partitions of a check a preview.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset=entry.key, description=text, partitions_def=partitions)
            for name, text in entry.checks.items()
        ]
