"""Approval gate: which asset it is before, the answer that it keeps, and the version that the answer is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from fw_assets.classification.values import Frozen, digest
from fw_assets.components.attributes import name_of
from fw_assets.components.observed_version import observed_version
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.pipeline.signature.answer import Decision
from fw_assets.workspace.workspace import Workspace

ASSET = "approval"
_NAMED = 3
"""Partitions without an approval that an error names."""


class GateApproval(Frozen):
    """The answer to one version of an asset.

    Attributes:
        digest: of what was looked at: the asset's entry `digest`, else its data version.
        partition: of the asset; empty where it has none.
        at: RFC 3339, UTC.
    """

    asset: str
    partition: str
    digest: str
    decision: Decision
    approved_by: str
    note: str = ""
    at: str


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        key: of its asset.
        gated: key of the asset that is answered.
        folder: a folder or fsspec URL with the answers.
    """

    key: tuple[str, ...]
    gated: tuple[str, ...]
    folder: str
    group: str
    owners: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its own name, and of what belongs to it."""
        return name_of(self.key)

    @property
    def thing(self) -> str:
        return "/".join(self.gated)


def require_gate(instance: dg.DagsterInstance, gate: Gate, partition: str = "") -> GateApproval:
    """The approval of the newest version.

    Args:
        partition: of what needs it; it counts where the asset that is answered has partitions.

    Raises:
        NotApproved: there is none, it was rejected, or it is of an earlier version.
    """
    if partition and not has_partitions(instance, gate):
        partition = ""
    current = version_of(instance, gate, partition)
    thing = f"{gate.thing} {partition}".strip()
    answer = Workspace(gate.folder).read(ASSET, gate.name, GateApproval, part_of(partition))
    if answer is None or answer.digest != current:
        fields = "approved_by, digest and partition" if partition else "approved_by and digest"
        version = f"{thing} {current or '(never materialized)'}"
        raise NotApproved(f"{version} is not approved: materialize {'/'.join(gate.key)} with {fields}")
    if answer.decision == "rejected":
        raise NotApproved(f"{thing} {current} was rejected by {answer.approved_by}")
    return answer


def require_gates(instance: dg.DagsterInstance, gate: Gate, partitions: Sequence[str]) -> dict[str, GateApproval]:
    """The approvals of several partitions, as of `require_gate`.

    Raises:
        NotApproved: some are not approved; the first of them are named.
    """
    answers, missing = {}, []
    for partition in partitions:
        try:
            answers[partition] = require_gate(instance, gate, partition)
        except NotApproved as error:
            missing.append(str(error))
    if missing:
        more = f"; and {len(missing) - _NAMED} partitions more" if len(missing) > _NAMED else ""
        raise NotApproved("; ".join(missing[:_NAMED]) + more)
    return answers


def version_of(instance: dg.DagsterInstance, gate: Gate, partition: str = "") -> str:
    """Digest of the newest version of the asset: its metadata entry `digest`, else its data version; empty if none.

    Of an asset that is never made, and observed: the data version of its newest observation.
    """
    partitions = [partition] if partition else None
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(gate.gated), asset_partitions=partitions), limit=1
    )
    for record in found.records:
        event = record.asset_materialization
        if event is not None:
            entry = event.metadata.get("digest")
            return str(entry.value) if entry is not None else (event.tags or {}).get("dagster/data_version", "")
    return observed_version(instance, dg.AssetKey(gate.gated), partition)


def has_partitions(instance: dg.DagsterInstance, gate: Gate) -> bool:
    """Whether the newest version is that of a partition; where there is none yet, whatever is asked is not there."""
    key = dg.AssetKey(gate.gated)
    for found in (instance.fetch_materializations(key, limit=1), instance.fetch_observations(key, limit=1)):
        if found.records:
            return found.records[0].partition_key is not None
    return True


def part_of(partition: str) -> str | None:
    """Where the answer of a partition is kept: partitions have names that files cannot have."""
    return digest(partition, 16) if partition else None
