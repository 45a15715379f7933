"""The sensor that settles cells which no plan asks for, so that what is still missing waits for something."""

# No `from __future__ import annotations` here: Dagster reads a sensor's annotations as they are written.

import dagster as dg

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.asset_table import BY_CELL
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.inapplicable_cells import inapplicable_cells, skip_events
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.resources import WorkspaceResource

MAX_EVENTS_PER_TICK = 200
"""An event takes about 15 ms."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Settles the cells that no plan asks for (a model of another dataset, no finalist, benchmark only) as skipped, "
        "with the reason in their metadata, so that nothing stays missing without a reason. Starts nothing."
    ),
)
def skipped_cells(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """Reports new inapplicable cells, dataset by dataset until the limit of the tick is passed."""
    store, models = take_snapshot(workspace.open()), context.instance.get_dynamic_partitions("models")
    settled = {
        asset: set(context.instance.get_materialized_partitions(dg.AssetKey(asset)))
        for asset in (*BY_CELL, "regression")
    }
    events: list[dg.AssetMaterialization] = []
    for dataset in context.instance.get_dynamic_partitions("datasets"):
        cells = [(asset, model) for asset in BY_CELL for model in models]
        if all(partition_key(dataset, model) in settled[asset] for asset, model in (*cells, ("regression", None))):
            continue  # a dataset whose cells are all settled costs no read of the workspace
        try:
            reasons = inapplicable_cells(store, dataset, models)
        except (InputError, OSError) as error:
            context.log.warning(f"{dataset}: {error}")
            continue
        new = {at: why for at, why in reasons.items() if partition_key(dataset, at[1]) not in settled[at[0]]}
        events += skip_events(dataset, new)
        if len(events) >= MAX_EVENTS_PER_TICK:
            break
    return dg.SensorResult(
        asset_events=events, skip_reason=None if events else "every cell has a result, waits for one, or is settled"
    )
