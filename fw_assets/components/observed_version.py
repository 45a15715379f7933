"""Version of an asset that Dagster observes and does not make, such as a table that another program writes."""

from __future__ import annotations

import dagster as dg


def observed_version(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str = "") -> str:
    """The data version of its newest observation; empty where there is none, or it says none."""
    partitions = [partition] if partition else None
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=partitions)
    for record in instance.fetch_observations(wanted, limit=1).records:
        event = record.asset_observation
        return "" if event is None else (event.tags or {}).get("dagster/data_version", "")
    return ""
