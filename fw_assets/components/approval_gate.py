"""`fw_assets.ApprovalGate`: a person's yes before whatever depends on an asset, as a Dagster component."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from pydantic import Field

from fw_assets.classification.dataset_reference import is_url
from fw_assets.classification.errors import InputError
from fw_assets.components.attributes import require_values
from fw_assets.components.error_places import placed
from fw_assets.components.scaffolding import GateScaffolder
from fw_assets.pipeline.workflow.instance import OWNERS


@dg.scaffold_with(GateScaffolder)
class ApprovalGate(dg.Component, dg.Model, dg.Resolvable):
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

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions. Neither the environment nor a file is read, and nothing is written.

        Raises:
            InputError: an attribute has no value; it is named with its file and line, and what to do.
        """
        project = Path(context.project_root)
        try:
            return self.definitions(project)
        except InputError as error:
            raise placed(error, context.path, project) from None

    def definitions(self, project: Path) -> dg.Definitions:
        """The definitions in the project of this folder."""
        from fw_assets.components.gate import Gate
        from fw_assets.components.gate_asset import gate_definitions

        require_values(self, ("asset", "key", "folder"))
        gated = _path(self.asset)
        key = _path(self.key) if self.key else (*gated[:-1], f"{gated[-1]}_approval")
        folder = self.folder or "workspace/approvals"
        place = folder if is_url(folder) else str(project / Path(folder).expanduser())
        return gate_definitions(Gate(key, gated, place, self.group, tuple(self.owners)))


def _path(key: str | list[str]) -> tuple[str, ...]:
    return tuple(key.split("/") if isinstance(key, str) else key)
