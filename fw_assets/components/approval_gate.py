"""`fw_assets.ApprovalGate`: a person's yes before whatever depends on an asset, as a Dagster component."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from pydantic import Field

from fw_assets.classification.dataset_reference import is_url
from fw_assets.classification.errors import input_error
from fw_assets.components.attributes import check_owners, key_path, name_of, require_values
from fw_assets.components.placed_component import PlacedComponent
from fw_assets.components.scaffolding import GateScaffolder
from fw_assets.pipeline.workflow.instance import OWNERS


@dg.scaffold_with(GateScaffolder)
class ApprovalGate(PlacedComponent, dg.Resolvable):
    """A person's yes or no to the newest version of an asset, bound to its digest, with who, note and trail.

    Whatever takes the gate as an input runs only while the newest version is approved.
    """

    asset: str | list[str] = Field(description="Key of the asset that is answered, such as raw/tickets.")
    key: str | list[str] | None = Field(
        None, description="Key of the gate's own asset; left out, that of the asset with _approval at its end."
    )
    folder: str | None = Field(
        None,
        description="Folder (relative to the project) or fsspec URL of the answers; left out, workspace/approvals.",
    )
    group: str = Field("approvals", description="Asset group of the gate.")
    owners: list[str] = Field(list(OWNERS), description="Of the gate: team:NAME, or addresses.")

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        return dg.ComponentTypeSpec(
            description="A person's yes before whatever depends on an asset, bound to the digest of its version.",
            tags=["approval"],
            owners=list(OWNERS),
        )

    def claims(self, folder: Path, project: Path) -> dict[str, str]:
        return {"key": name_of(self._key())}

    def definitions_in(self, folder: Path, project: Path) -> dg.Definitions:
        return self.definitions(project)

    def definitions(self, project: Path) -> dg.Definitions:
        """The definitions in the project of this folder."""
        from fw_assets.components.gate import Gate
        from fw_assets.components.gate_asset import gate_definitions

        require_values(self, ("asset", "key", "folder", "group"))
        check_owners(self.owners)
        gated, key = key_path("asset", self.asset), self._key()
        if gated == key:
            raise input_error(f"{'/'.join(key)} is the asset that is answered", kind="component", field="key")
        folder = self.folder or "workspace/approvals"
        place = folder if is_url(folder) else str(project / Path(folder).expanduser())
        return gate_definitions(Gate(key, gated, place, self.group, tuple(self.owners)))

    def _key(self) -> tuple[str, ...]:
        gated = key_path("asset", self.asset)
        return key_path("key", self.key) if self.key else (*gated[:-1], f"{gated[-1]}_approval")
