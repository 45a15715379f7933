"""Language models of Hugging Face's hub, or of the mirror that `HF_ENDPOINT` names."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model.model_folders import hub_id

_FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "README.md", "LICENSE*"]


def download(source: str) -> Path:
    """The folder of `OWNER/NAME` or `OWNER/NAME@REVISION`, downloaded unless it is in the hub's cache; no code is.

    Raises:
        WeightsError: it cannot be had.
    """
    found = hub_id(source)
    if found is None:
        raise WeightsError(f"{source}: no such folder, and no id of a hub (OWNER/NAME, OWNER/NAME@REVISION)")
    id, revision = found
    try:
        return Path(snapshot_download(id, revision=revision, allow_patterns=_FILES))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise WeightsError(f"{source}: no such folder, and it cannot be downloaded: {reason}") from error
