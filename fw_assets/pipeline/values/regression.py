"""Nights of a deployment: what was served on each, and what all of them together show."""

from __future__ import annotations

from fw_assets.classification.selection.nightly_checks import NightlyChecks
from fw_assets.classification.values import Frozen


class ServedModel(Frozen):
    """What the platform says that it serves; a field is empty where it does not say.

    Attributes:
        model: the name in the answer; fingerprint: its `system_fingerprint`.
        base_model, shape: of the deployment.
    """

    model: str = ""
    fingerprint: str = ""
    base_model: str = ""
    shape: str = ""

    def changes(self, before: ServedModel) -> tuple[str, ...]:
        """What is named otherwise than `before`, one phrase each."""
        names = {"model": "model", "fingerprint": "fingerprint", "base_model": "base model", "shape": "shape"}
        fields = [(title, getattr(before, name), getattr(self, name)) for name, title in names.items()]
        return tuple(f"{title} {old} -> {new}" for title, old, new in fields if old and new and old != new)


class NightRecord(Frozen):
    """A night whose answers are kept, as a line of the log.

    Attributes:
        acceptance: digest of what was accepted: the deployment with its model, prompt and test rows.
        served: None where an earlier version asked.
    """

    date: str
    acceptance: str
    deployment: str
    rows: int
    served: ServedModel | None = None


class Regression(Frozen):
    """All nights since the deployment was accepted.

    Attributes:
        predictions: path of the date's answers in the workspace.
        served_changes: what is named otherwise than on `served_since`, the first night that named it.
        notes: why nights are left out, one sentence each.
    """

    date: str
    deployment: str
    predictions: tuple[str, ...]
    checks: NightlyChecks
    served: ServedModel | None = None
    served_since: str | None = None
    served_changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
