"""Documents of deployments, when each was last used, and whether it is scaled to zero."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import DEPLOYED_MODELS, DEPLOYMENTS, short_id, split_name
from fw_assets.embedded.store.timestamps import parse_duration

DAY_SECONDS = 86400.0
START_SECONDS = 0.3
"""How long a new deployment is CREATING."""

MAX_IDLE_SECONDS = 7 * DAY_SECONDS
"""Unused for longer, a deployment is deleted."""


def ready_time(deployment: Mapping[str, Any]) -> float:
    """When the deployment became READY, in seconds since the epoch."""
    return float(deployment["startSeconds"]) + START_SECONDS


def idle_window(deployment: Mapping[str, Any]) -> float:
    """The seconds without a request after which a deployment is scaled to zero."""
    return parse_duration(deployment["autoscalingPolicy"]["scaleToZeroWindow"], "scaleToZeroWindow")


def is_asleep(deployment: Mapping[str, Any], last_used: float, now: float) -> bool:
    """Whether no replica is left: none has to stay up, and no request came within the window."""
    return deployment["minReplicaCount"] == 0 and now - last_used > idle_window(deployment)


def is_expired(deployment: Mapping[str, Any], last_used: float, now: float) -> bool:
    """Whether a deployment that may scale to zero is removed: it was used by nobody for a week."""
    since = max(last_used, ready_time(deployment))
    return deployment["minReplicaCount"] == 0 and now - since > MAX_IDLE_SECONDS


def read_activity(connection: sqlite3.Connection, name: str) -> tuple[float, float | None] | None:
    """(last use, start of waking up or None) of a deployment, in seconds since the epoch; None when it has none."""
    row = connection.execute("SELECT used, waking FROM activity WHERE deployment = ?", (name,)).fetchone()
    return (row[0], row[1]) if row else None


def write_activity(connection: sqlite3.Connection, name: str, last_used: float, waking: float | None = None) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO activity (deployment, used, waking) VALUES (?, ?, ?)", (name, last_used, waking)
    )


def mark_deleted(
    platform: EmbeddedPlatform, connection: sqlite3.Connection, deployment: Mapping[str, Any]
) -> dict[str, Any]:
    """Delete a deployment softly, with the models that are loaded on it; returns the fields that change."""
    name = deployment["name"]
    account, id = split_name(name, DEPLOYMENTS, "deployment")
    changes = {"state": "DELETED", "updateTime": platform.timestamp()}
    documents.update(connection, DEPLOYMENTS, account, id, changes)
    connection.execute("DELETE FROM activity WHERE deployment = ?", (name,))
    for loaded in documents.list_all(connection, DEPLOYED_MODELS, account):
        if loaded["deployment"] == name:
            documents.delete(connection, DEPLOYED_MODELS, account, short_id(loaded["name"]))
    return changes
