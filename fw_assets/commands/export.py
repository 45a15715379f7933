"""Command that writes the fine-tuned winner as files that other programs load."""

from __future__ import annotations

from pathlib import Path

from fw_assets.console import echo_json, out, show_progress
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.exporting.export_winner import export_winner
from fw_assets.pipeline.exporting.exported_winner import ExportFormat
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.report.formatting import plural
from fw_assets.workspace.workspace import Workspace


def export(root: str, name: str, form: ExportFormat, folder: Path | None, *, as_json: bool) -> int:
    """Export the winner of a dataset into a new folder, by default `NAME-FORMAT` here."""
    store = Workspace(root)
    registered_dataset(store, name)
    target = folder or Path(f"{name}-{form}")
    with show_progress(as_json):
        exported = export_winner(store, platform_from_environment(), name, form, target)
    if as_json:
        echo_json(exported.model_dump(mode="json"))
        return DONE
    proof = (
        f"the same answers as in its evaluation to {plural(exported.replayed, 'row')} asked again"
        if exported.replayed
        else "not asked again, since its base model is not on this machine"
    )
    out.print(f"{target}: {exported.name} as {form}; {proof}.", markup=False)
    if not exported.deployed:
        out.print("It was not deployed: the report says why.", markup=False)
    if exported.kind == "language-model" and not exported.portable:
        out.print(
            "Other programs load it, and answer otherwise: README.md in it says why, and what to do.", markup=False
        )
    out.print(f"How to load it: {target / 'README.md'}", markup=False)
    return DONE
