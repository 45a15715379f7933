"""A tuned model on disk: `model.safetensors` with its arrays and `manifest.json` with everything else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.training_spec import EngineError, TrainingSpec
from fw_assets.embedded.engine.updates import Arrays

ARRAYS_FILE = "model.safetensors"
MANIFEST_FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Tuned:
    """A tuned model's content.

    `shares` multiplies each side's logits before they are added, and `temperature` divides the sum. `arrays`
    holds each side's arrays by the side's name, none when the base model was the best epoch. `threshold` and
    `allow_empty` apply to multi-label models (see `losses`). `notes` is the caller's own JSON.
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


def save(tuned: Tuned, folder: Path) -> None:
    """Writes both files; the manifest last, so that its presence means that the model is whole."""
    from safetensors.numpy import save as serialise

    folder.mkdir(parents=True, exist_ok=True)
    flat = {f"{side}.{name}": array for side, arrays in tuned.arrays.items() for name, array in arrays.items()}
    manifest = {
        "format": FORMAT,
        "spec": asdict(tuned.spec),
        "labels": list(tuned.labels),
        "multi_label": tuned.multi_label,
        "shares": dict(tuned.shares),
        "temperature": tuned.temperature,
        "threshold": tuned.threshold,
        "allow_empty": tuned.allow_empty,
        "best_epoch": tuned.best_epoch,
        "notes": dict(tuned.notes),
    }
    _replace(folder / ARRAYS_FILE, serialise(flat))
    _replace(folder / MANIFEST_FILE, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def load(folder: Path) -> Tuned:
    """The model in `folder`; raises `EngineError` naming the file that is missing or unreadable."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
        if manifest["format"] != FORMAT:
            raise EngineError(f"{folder / MANIFEST_FILE}: format {manifest['format']!r}, expected {FORMAT}")
        flat = load_file(folder / ARRAYS_FILE)
        arrays: dict[str, Arrays] = {}
        for key, array in flat.items():
            side, _, name = key.partition(".")
            arrays.setdefault(side, {})[name] = array
        return Tuned(
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
        raise EngineError(f"{error.filename}: missing, so {folder} holds no tuned model") from error
    except (KeyError, TypeError, json.JSONDecodeError, SafetensorError) as error:
        raise EngineError(f"{folder}: not a tuned model of this engine ({error})") from error


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
