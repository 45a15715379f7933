"""A tuned model on disk: `model.safetensors` with its arrays and `manifest.json` with everything else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import DamagedModel, EngineError
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.updates import Arrays

ARRAYS_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class TunedModel:
    """Content of a tuned model.

    Attributes:
        shares: by encoder name, what its logits are multiplied with before they are added.
        temperature: what the sum is divided by.
        threshold: of the label sets of a multi-label model (see `losses`), as is `allow_empty`.
        notes: the caller's own JSON.
        arrays: by encoder name; empty when the base model was the best epoch.
    """

    spec: TrainingSpec
    labels: tuple[str, ...]
    multi_label: bool
    shares: Mapping[str, float]
    temperature: float
    threshold: float
    allow_empty: bool
    best_epoch: float
    notes: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Arrays] = field(default_factory=dict)


def save(model: TunedModel, folder: Path) -> None:
    """Write both files; the manifest last, so that its presence means that the model is whole."""
    from safetensors.numpy import save as serialise

    folder.mkdir(parents=True, exist_ok=True)
    flat = {f"{encoder}.{name}": array for encoder, arrays in model.arrays.items() for name, array in arrays.items()}
    manifest = {
        "format": FORMAT,
        "spec": asdict(model.spec),
        "labels": list(model.labels),
        "multi_label": model.multi_label,
        "shares": dict(model.shares),
        "temperature": model.temperature,
        "threshold": model.threshold,
        "allow_empty": model.allow_empty,
        "best_epoch": model.best_epoch,
        "notes": dict(model.notes),
    }
    _replace(folder / ARRAYS_FILE, serialise(flat))
    _replace(folder / MANIFEST_FILE, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def load(folder: Path) -> TunedModel:
    """The model in `folder`.

    Raises:
        DamagedModel: naming the file that is missing or unreadable.
        EngineError: it has another format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
        if manifest["format"] != FORMAT:
            raise EngineError(f"{folder / MANIFEST_FILE}: format {manifest['format']!r}, expected {FORMAT}")
        arrays: dict[str, Arrays] = {}
        for key, array in load_file(folder / ARRAYS_FILE).items():
            encoder, _, name = key.partition(".")
            arrays.setdefault(encoder, {})[name] = array
        return TunedModel(
            spec=TrainingSpec(**manifest["spec"]),
            labels=tuple(manifest["labels"]),
            multi_label=manifest["multi_label"],
            shares=manifest["shares"],
            temperature=manifest["temperature"],
            threshold=manifest["threshold"],
            allow_empty=manifest["allow_empty"],
            best_epoch=manifest["best_epoch"],
            notes=manifest["notes"],
            arrays=arrays,
        )
    except FileNotFoundError as error:
        raise DamagedModel(f"{error.filename}: missing, so {folder} holds no tuned model") from error
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise DamagedModel(f"{folder}: not a tuned model of this engine ({error})") from error


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
