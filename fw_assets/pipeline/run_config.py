"""Run configuration of the approval, in Dagster's spelling: enum names are identifiers, stored values have hyphens."""

from __future__ import annotations

from typing import Any, Literal, get_args

from fw_assets.classification.session import Mitigation

AS_PLANNED = "as-planned"
"""In place of a mitigation: that of the session."""
Driver = Literal["daemon", "command-line"]
"""Who starts the steps of a dataset: the sensors of Dagster's daemon, or a command."""
DRIVERS: tuple[Driver, ...] = get_args(Driver)


def enum_name(value: str) -> str:
    """The name in run configuration of a stored value: `drop_rare` for `drop-rare`."""
    return value.replace("-", "_")


def approval_config(
    approved_by: str,
    plan_digest: str,
    decision: Literal["approve", "reject"] = "approve",
    *,
    driver: Driver,
    mitigation: Mitigation | None = None,
    labels_confirmed: bool = False,
    note: str = "",
) -> dict[str, Any]:
    """The configuration of the asset `approval`.

    Args:
        plan_digest: of the plan that was read; any other is refused.
        mitigation: None for that of the session.
    """
    return {
        "approved_by": approved_by,
        "plan_digest": plan_digest,
        "decision": decision,
        "driver": enum_name(driver),
        "mitigation": enum_name(mitigation or AS_PLANNED),
        "labels_confirmed": labels_confirmed,
        "note": note,
    }
