"""Reject label: the label of a dataset that means that no other applies."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.errors import input_error
from fw_assets.classification.near_names import did_you_mean

_MAX_NAMED = 10


def check_reject_label(label: str | None, labels: Sequence[str], *, multi_label: bool) -> None:
    """Raises InputError where it is no label of the dataset, or rows may have several labels."""
    if label is None:
        return
    if multi_label:
        message = "rows have several labels here, and those of no label have an empty list; leave reject_label out"
        raise input_error(message, field="reject_label")
    if label not in labels:
        more = f" and {len(labels) - _MAX_NAMED} more" if len(labels) > _MAX_NAMED else ""
        known = did_you_mean(label, labels) or f"the labels are {', '.join(labels[:_MAX_NAMED])}{more}"
        raise input_error(
            f"{label!r} is no label of this dataset; {known}",
            field="reject_label",
            advice="Correct the session and run again; nothing was started.",
        )
