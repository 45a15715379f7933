"""Language models on this machine: one JSON file of facts per model, beside or far from its Hugging Face folder.

The facts are read from `config.json`, the tokenizer's files and the headers of the safetensors files, without torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.settings import data_home, embedded_settings

FORMAT = 1
PACKAGES = ("torch", "transformers", "safetensors")
FOUR_BIT_PACKAGE = "bitsandbytes"
INSTALL_ADVICE = "run `pip install 'fw-assets[llm]'` (on Linux, torch for CPUs alone comes from PyTorch's own index)"
NO_GGUF = (
    "a language model is added from its Hugging Face folder (config.json, *.safetensors, the tokenizer's files), of "
    "which GGUF files are made"
)
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HUB_ID = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:@([\w./-]+))?")
_PACKAGE = re.compile(r"[\w.-]+==[\w.]+")
_DIGESTED = ("*.safetensors", "config.json", "tokenizer*.json", "*.model", "*.jinja", "generation_config.json")
_WORDS = ("vocab.json", "merges.txt")
"""Digested where there is no `tokenizer.json`, which holds the same."""
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")


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
        four_bit: whether its linear layers are held in 4 bits (NF4, Dettmers et al. 2023).
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
    four_bit: bool = False


def models_home() -> Path:
    """The folder of this user's language models, which all platforms of the machine share."""
    own = embedded_settings().fw_language_models
    return data_home() / "language-models" if own is None else own.expanduser()


def hub_id(source: str) -> tuple[str, str | None] | None:
    """The id and the revision of a source `OWNER/NAME` or `OWNER/NAME@REVISION`; None for any other."""
    match = _HUB_ID.fullmatch(source)
    return None if match is None else (match[1], match[2])


def public_source(source: str) -> str:
    """A source that others find too, an id of a hub or a package; empty for a folder, which this machine alone has."""
    return source if hub_id(source) or _PACKAGE.fullmatch(source) else ""


def missing_packages(*, four_bit: bool = False) -> str | None:
    """How to get what the extra would install; None where it is there.

    Args:
        four_bit: of a model that is held in 4 bits, which needs an extra of its own.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} missing: {INSTALL_ADVICE}"
    if four_bit and importlib.util.find_spec(FOUR_BIT_PACKAGE) is None:
        return f"{FOUR_BIT_PACKAGE} missing: run `pip install 'fw-assets[llm-4bit]'`"
    return None


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


def add(
    name: str,
    folder: Path,
    source: str,
    licence: str = "",
    *,
    four_bit: bool = False,
    check: Callable[[LanguageModelFolder], None] | None = None,
) -> LanguageModelFolder:
    """Describe and digest a Hugging Face folder, and keep the facts under a name.

    Args:
        check: raises where the model that was described cannot be used.

    Raises:
        EngineError: the name cannot be one, or the folder holds no causal language model with safetensors.
    """
    if not _ID.fullmatch(name):
        raise EngineError(f"{name!r} cannot be a model's name: use 1-63 of a-z, 0-9 and '-', a letter first")
    model = describe(name, folder.expanduser().resolve(), source, licence, four_bit=four_bit)
    if check is not None:
        check(model)
    home = models_home()
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{name}.json"
    temporary = path.with_name(f".{name}.{os.getpid()}.part")
    facts = {"format": FORMAT, **asdict(model), "folder": str(model.folder)}
    if not model.four_bit:
        # Earlier versions leave out models with facts that they do not know.
        del facts["four_bit"]
    temporary.write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
    temporary.replace(path)
    return model


def describe(name: str, folder: Path, source: str, licence: str = "", *, four_bit: bool = False) -> LanguageModelFolder:
    """The facts of a Hugging Face folder."""
    path = folder / "config.json"
    if not path.is_file() and (folder / "adapter_config.json").is_file():
        raise EngineError(f"{folder}: an adapter, and no model: add the base model that it was trained on")
    if not path.exists() and any(folder.glob("*.gguf")):
        raise EngineError(f"{folder}: a GGUF file, and no config.json: {NO_GGUF}")
    config = _object(path)
    text = config.get("text_config") or config
    named = config.get("architectures") or [config.get("model_type") or "a model of no known architecture"]
    if not isinstance(text, dict) or not isinstance(named, list):
        raise EngineError(f"{path}: text_config has to be an object, and architectures a list")
    architecture = str(named[0])
    if config.get("is_encoder_decoder") or (
        "CausalLM" not in architecture and "ConditionalGeneration" not in architecture
    ):
        raise EngineError(f"{path}: {architecture} is no causal language model")
    weights = weight_files(folder)
    if not any((folder / file).is_file() for file in _TOKENIZERS):
        raise EngineError(f"{folder}: no tokenizer.json or tokenizer.model")
    parameters, dtype = _sizes(weights)
    context = text.get("max_position_embeddings") or text.get("n_positions")
    if not isinstance(context, int) or context < 1:
        said = "no max_position_embeddings" if context is None else f"max_position_embeddings is {context!r}"
        raise EngineError(f"{path}: {said}, so its context is unknown")
    files = tuple(
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(folder)
    )
    return LanguageModelFolder(
        name=name,
        folder=folder,
        source=source,
        architecture=architecture,
        parameters=parameters,
        context_length=context,
        chat_template=_has_chat_template(folder),
        licence=licence or _licence(folder),
        dtype=dtype,
        digest=_digest(folder, four_bit),
        files=files,
        four_bit=four_bit,
    )


def verified(model: LanguageModelFolder) -> LanguageModelFolder:
    """The model, whose files are those that were added; hashed again only where a size or a time differs.

    Raises:
        WeightsError: a file is missing or was changed.
    """
    advice = "make it again: fw-assets setup llm"
    if "/" in model.source:  # That of a wheel is its name.
        option = " --four-bit" if model.four_bit else ""
        advice = f"add it again: fw-assets models add {model.name} {model.source}{option}"
    now: list[tuple[str, int, int]] = []
    known = {name for name, _, _ in model.files}
    if new := sorted({path.name for path in _files(model.folder)} - known):
        raise WeightsError(f"{model.folder / new[0]}: not there when {model.name} was added; remove it, or {advice}")
    for name, _, _ in model.files:
        path = model.folder / name
        if not path.is_file():
            raise WeightsError(f"{path}: missing; {advice}")
        now.append((name, path.stat().st_size, path.stat().st_mtime_ns))
    if tuple(now) == model.files:
        return model
    if _digest(model.folder, model.four_bit) != model.digest:
        raise WeightsError(
            f"{model.folder}: its files are not those that were added as {model.name}; put those back, which alone "
            f"serve what was fine-tuned on them, or {advice}"
        )
    return replace(model, files=tuple(now))


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that transformers loads: one, or those of an index; others may lie beside them.

    Raises:
        EngineError: there is none, or one of them is not there.
    """
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        return [whole]
    if index.is_file():
        shards = _object(index).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise EngineError(f"{index}: weight_map has to be an object that names files")
        weights = sorted({folder / str(name) for name in shards.values()})
    else:
        weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise EngineError(f"{folder}: no *.safetensors file; weights in other forms (pickles) are not read")
    for path in weights:
        if not path.is_file():
            what = (
                "a link to a file that is not there" if path.is_symlink() else f"named by {index.name}, and not there"
            )
            raise EngineError(f"{path}: {what}: copy or download it again")
    return weights


def _object(path: Path) -> dict[str, Any]:
    """The object that a JSON file of a folder holds."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise EngineError(f"{path.parent}: no Hugging Face folder: {path.name}: {error.strerror}") from None
    except ValueError as error:
        raise EngineError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise EngineError(f"{path}: not an object")
    return content


def _sizes(weights: list[Path]) -> tuple[int, str]:
    """(number of parameters, type of most of them), from the headers of safetensors files."""
    by_type: dict[str, int] = {}
    for path in weights:
        for dtype, parameters in _tensors(path):
            by_type[dtype] = by_type.get(dtype, 0) + parameters
    if not any(by_type.values()):
        raise EngineError(f"{weights[0]}: holds no weights")
    return sum(by_type.values()), max(by_type, key=lambda dtype: by_type[dtype]).lower()


def _tensors(path: Path) -> list[tuple[str, int]]:
    """(type, number of parameters) of each tensor of a safetensors file that is as long as its header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= size:
            raise EngineError(f"{path}: not a safetensors file")
        try:
            header = json.loads(file.read(length))
            tensors = [tensor for name, tensor in header.items() if name != "__metadata__"]
            end = 8 + length + max((int(tensor["data_offsets"][1]) for tensor in tensors), default=0)
            found = [(str(tensor["dtype"]), prod(map(int, tensor["shape"]))) for tensor in tensors]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise EngineError(f"{path}: not a safetensors file") from None
    if end != size:
        raise EngineError(f"{path}: {size:,} bytes, and {end:,} by its header: copy or download it again")
    return found


def _files(folder: Path) -> list[Path]:
    patterns = _DIGESTED if (folder / "tokenizer.json").is_file() else (*_DIGESTED, *_WORDS)
    return sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})


def _digest(folder: Path, four_bit: bool) -> str:
    """An adapter that was trained over the one form is refused over the other."""
    whole = hashlib.sha256(b"nf4\n" if four_bit else b"")
    for path in _files(folder):
        with path.open("rb") as file:
            whole.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(_object(path).get("chat_template"))


def _licence(folder: Path) -> str:
    card = folder / "README.md"
    if card.is_file():
        match = re.search(r"^licen[sc]e:\s*(\S+)", card.read_text("utf-8", "replace")[:5000], re.MULTILINE)
        if match:
            return match[1]
    for path in sorted(folder.glob("LICEN[SC]E*")):
        return path.read_text("utf-8", "replace").strip().partition("\n")[0].strip()
    return ""
