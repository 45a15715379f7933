"""Language models on this machine: one JSON file of facts per model, beside or far from its Hugging Face folder.

The facts are read from `config.json`, the tokenizer's files and the headers of the safetensors files, without torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.settings import data_home, embedded_settings

FORMAT = 1
PACKAGES = ("torch", "transformers", "safetensors")
INSTALL_ADVICE = "run `pip install 'fw-assets[llm]'` (on Linux, torch for CPUs alone comes from PyTorch's own index)"
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DIGESTED = ("*.safetensors", "config.json", "tokenizer*.json", "*.model", "*.jinja", "generation_config.json")


@dataclass(frozen=True)
class LanguageModelFolder:
    """A language model that was added.

    Attributes:
        folder: with `config.json`, the tokenizer's files and `*.safetensors`.
        source: what the user named: a path, or an id of a hub with its revision.
        context_length: in its own tokens.
        chat_template: whether it has one.
        licence: as its model card or licence file names it; empty where it has none.
        digest: SHA-256 over names and contents of the files.
        files: size and time of each file when it was digested.
    """

    name: str
    folder: Path
    source: str
    architecture: str
    parameters: int
    context_length: int
    chat_template: bool
    licence: str
    dtype: str
    digest: str
    files: tuple[tuple[str, int, int], ...] = ()


def models_home() -> Path:
    """The folder of this user's language models, which all platforms of the machine share."""
    own = embedded_settings().fw_language_models
    return data_home() / "language-models" if own is None else own.expanduser()


def missing_packages() -> str | None:
    """How to get what the extra would install; None where it is there."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    return f"{', '.join(missing)} missing: {INSTALL_ADVICE}" if missing else None


def added_models() -> dict[str, LanguageModelFolder]:
    """The models that were added, by name; a file of facts that cannot be read is left out."""
    home = models_home()
    if not home.is_dir():
        return {}
    models = {}
    for path in sorted(home.glob("*.json")):
        stat = path.stat()
        model = _read(path, stat.st_mtime_ns, stat.st_size)
        if model is not None:
            models[model.name] = model
    return models


@lru_cache(maxsize=128)
def _read(path: Path, modified: int, size: int) -> LanguageModelFolder | None:
    try:
        facts = json.loads(path.read_bytes())
        if facts.pop("format") != FORMAT:
            return None
        files = tuple((str(name), int(size), int(time)) for name, size, time in facts.pop("files"))
        return LanguageModelFolder(**facts | {"folder": Path(facts["folder"]), "files": files})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def add(name: str, folder: Path, source: str, licence: str = "") -> LanguageModelFolder:
    """Describe and digest a Hugging Face folder, and keep the facts under a name.

    Raises:
        EngineError: the name cannot be one, or the folder holds no causal language model with safetensors.
    """
    if not _ID.fullmatch(name):
        raise EngineError(f"{name!r} cannot be a model's name: use 1-63 of a-z, 0-9 and '-', a letter first")
    model = describe(name, folder.expanduser().resolve(), source, licence)
    home = models_home()
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{name}.json"
    temporary = path.with_name(f".{name}.{os.getpid()}.part")
    facts = {"format": FORMAT, **asdict(model), "folder": str(model.folder)}
    temporary.write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
    temporary.replace(path)
    return model


def describe(name: str, folder: Path, source: str, licence: str = "") -> LanguageModelFolder:
    """The facts of a Hugging Face folder."""
    config = _config(folder)
    text = config.get("text_config") or config
    architecture = str((config.get("architectures") or [config.get("model_type")])[0])
    if config.get("is_encoder_decoder") or (
        "CausalLM" not in architecture and "ConditionalGeneration" not in architecture
    ):
        raise EngineError(f"{folder / 'config.json'}: {architecture} is no causal language model")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise EngineError(f"{folder}: no *.safetensors file; weights in other forms (pickles) are not read")
    if not any((folder / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise EngineError(f"{folder}: no tokenizer.json or tokenizer.model")
    parameters, dtype = _sizes(weights)
    context = text.get("max_position_embeddings") or text.get("n_positions")
    if not context:
        raise EngineError(f"{folder / 'config.json'}: no max_position_embeddings, so its context is unknown")
    files = tuple(
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(folder)
    )
    return LanguageModelFolder(
        name=name,
        folder=folder,
        source=source,
        architecture=architecture,
        parameters=parameters,
        context_length=int(context),
        chat_template=_has_chat_template(folder),
        licence=licence or _licence(folder),
        dtype=dtype,
        digest=_digest(folder),
        files=files,
    )


def verified(model: LanguageModelFolder) -> LanguageModelFolder:
    """The model, whose files are those that were added; hashed again only where a size or a time differs.

    Raises:
        WeightsError: a file is missing or was changed.
    """
    advice = f"add it again: fw-assets models add {model.name} {model.source}"
    now: list[tuple[str, int, int]] = []
    for name, _, _ in model.files:
        path = model.folder / name
        if not path.is_file():
            raise WeightsError(f"{path}: missing; {advice}")
        now.append((name, path.stat().st_size, path.stat().st_mtime_ns))
    if tuple(now) == model.files:
        return model
    if _digest(model.folder) != model.digest:
        raise WeightsError(f"{model.folder}: its files are not those that were added as {model.name}; {advice}")
    return replace(model, files=tuple(now))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except OSError as error:
        raise EngineError(f"{folder}: no Hugging Face folder: config.json: {error.strerror}") from None
    except ValueError as error:
        raise EngineError(f"{folder / 'config.json'}: not JSON: {error}") from None
    if not isinstance(config, dict):
        raise EngineError(f"{folder / 'config.json'}: not an object")
    return config


def _sizes(weights: list[Path]) -> tuple[int, str]:
    """(number of parameters, type of most of them), from the headers of safetensors files."""
    by_type: dict[str, int] = {}
    for path in weights:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= path.stat().st_size:
                raise EngineError(f"{path}: not a safetensors file")
            try:
                header = json.loads(file.read(length))
            except ValueError:
                raise EngineError(f"{path}: not a safetensors file") from None
        for name, tensor in header.items():
            if name != "__metadata__":
                by_type[tensor["dtype"]] = by_type.get(tensor["dtype"], 0) + prod(tensor["shape"])
    return sum(by_type.values()), max(by_type, key=lambda dtype: by_type[dtype], default="").lower()


def _files(folder: Path) -> list[Path]:
    return sorted({path for pattern in _DIGESTED for path in folder.glob(pattern) if path.is_file()})


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in _files(folder):
        with path.open("rb") as file:
            whole.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(json.loads(path.read_bytes()).get("chat_template"))


def _licence(folder: Path) -> str:
    card = folder / "README.md"
    if card.is_file():
        match = re.search(r"^licen[sc]e:\s*(\S+)", card.read_text("utf-8", "replace")[:5000], re.MULTILINE)
        if match:
            return match[1]
    for path in sorted(folder.glob("LICEN[SC]E*")):
        return path.read_text("utf-8", "replace").strip().partition("\n")[0].strip()
    return ""
