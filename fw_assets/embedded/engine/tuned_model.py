"""A tuned model on disk: `model.safetensors` with its arrays and `manifest.json` with everything else."""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import DamagedModel, EngineError
from fw_assets.embedded.engine.label_sets import SetThresholds
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.updates import Arrays

ARRAYS_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"
FORMAT = 1
ADAPTER_FORMAT = 3
"""Of an adapter of a language model (`language_model.adapter_files`), which has other files."""
ADAPTER_CONFIG, ADAPTER_FILE, HEAD_FILE = "adapter_config.json", "adapter_model.safetensors", "head.safetensors"


@dataclass(frozen=True)
class TunedModel:
    """Content of a tuned model.

    Attributes:
        shares: by encoder name, what its logits are multiplied with before they are added.
        temperature: what the sum is divided by.
        thresholds: of the label sets of a multi-label model, as is `allow_empty`.
        notes: the caller's own JSON.
        arrays: by encoder name. Models of version 0.1, which kept the epoch of the least loss, have none where that was
            the base model's.
    """

    spec: TrainingSpec
    labels: tuple[str, ...]
    multi_label: bool
    shares: Mapping[str, float]
    temperature: float
    thresholds: SetThresholds
    allow_empty: bool
    notes: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Arrays] = field(default_factory=dict)


def save(model: TunedModel, folder: Path) -> None:
    """Write the model into a folder."""
    write_files(folder, flat_arrays(model), {"format": FORMAT, **manifest_of(model)})


def manifest_of(model: TunedModel) -> dict[str, Any]:
    """Everything of a model but its arrays."""
    return {
        "spec": asdict(model.spec),
        "labels": list(model.labels),
        "multi_label": model.multi_label,
        "shares": dict(model.shares),
        "temperature": model.temperature,
        **model.thresholds.stored(),
        "allow_empty": model.allow_empty,
        "notes": dict(model.notes),
    }


def flat_arrays(model: TunedModel) -> Arrays:
    """The arrays as `ENCODER.NAME`."""
    return {f"{encoder}.{name}": array for encoder, arrays in model.arrays.items() for name, array in arrays.items()}


def write_files(folder: Path, arrays: Arrays, manifest: Mapping[str, Any]) -> None:
    """Write the two files of a model; the manifest last, so that its presence means that the model is whole."""
    from safetensors.numpy import save as serialise

    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / ARRAYS_FILE, serialise(arrays))
    replace_file(folder / MANIFEST_FILE, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def load(folder: Path) -> TunedModel:
    """The model in `folder`.

    Raises:
        DamagedModel: naming the file that is missing or unreadable.
        EngineError: it has another format.
    """
    with intact(folder):
        return from_manifest(manifest_in(folder, FORMAT), read_arrays(folder))


def manifest_in(folder: Path, form: int) -> dict[str, Any]:
    """The manifest of a model of that format.

    Raises:
        EngineError: it has another one.
    """
    manifest = read_manifest(folder)
    if manifest["format"] != form:
        raise EngineError(f"{folder / MANIFEST_FILE}: format {manifest['format']!r}, expected {form}")
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_bytes())
    return manifest


def read_arrays(folder: Path) -> Arrays:
    from safetensors.numpy import load_file

    return load_file(folder / ARRAYS_FILE)


def from_manifest(manifest: Mapping[str, Any], flat: Arrays) -> TunedModel:
    """A model of its manifest and its arrays."""
    arrays: dict[str, Arrays] = {}
    for key, array in flat.items():
        encoder, _, name = key.partition(".")
        arrays.setdefault(encoder, {})[name] = array
    return TunedModel(
        spec=TrainingSpec(**manifest["spec"]),
        labels=tuple(manifest["labels"]),
        multi_label=manifest["multi_label"],
        shares=manifest["shares"],
        temperature=manifest["temperature"],
        thresholds=SetThresholds.of_manifest(manifest),
        allow_empty=manifest["allow_empty"],
        notes=manifest["notes"],
        arrays=arrays,
    )


def stored_files(folder: Path) -> list[str]:
    """The names of a tuned model's files, of whichever kind it is, whether they are there or not."""

    def has(name: str) -> bool:
        return any((folder / beside).exists() for beside in (name, f".{name}.crc"))

    if not has(ADAPTER_FILE) and not has(ADAPTER_CONFIG):
        return [ARRAYS_FILE, MANIFEST_FILE]
    return [ADAPTER_FILE, ADAPTER_CONFIG, *([HEAD_FILE] if has(HEAD_FILE) else []), MANIFEST_FILE]


def is_adapter_folder(folder: Path) -> bool:
    """Whether the folder holds an adapter of a language model.

    Raises:
        DamagedModel: its manifest is missing or unreadable.
    """
    with intact(folder):
        return bool(read_manifest(folder)["format"] == ADAPTER_FORMAT)


@contextmanager
def intact(folder: Path) -> Iterator[None]:
    """What is wrong with the files of a folder, as `DamagedModel`."""
    from safetensors import SafetensorError

    try:
        yield
    except FileNotFoundError as error:
        raise DamagedModel(f"{error.filename}: missing, so {folder} holds no tuned model") from error
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise DamagedModel(f"{folder}: not a tuned model of this engine ({error})") from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; only a process that is killed leaves what it had begun (`remove_begun`)."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_begun(path: Path) -> None:
    """Remove what processes that were killed had begun to write of a file."""
    for begun in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            begun.unlink()
