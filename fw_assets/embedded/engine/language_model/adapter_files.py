"""Adapter on disk, in the form of PEFT: its two files, the head if there is one, and a manifest with everything else.

`adapter_config.json` and `adapter_model.safetensors` are what peft, vLLM and converters of llama.cpp load. The manifest
says where that is not the whole model: with a head the labels are read from `head.safetensors`, and with
`adapted_prefix` false the instructions are read by the base model alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save

from fw_assets.embedded.engine.answer_fields import FieldConstraint
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.label_sets import SetThresholds
from fw_assets.embedded.engine.language_model.head import Head
from fw_assets.embedded.engine.language_model.lora import Adapter, layer_of
from fw_assets.embedded.engine.language_model.model_folders import hub_id
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.tuned_model import (
    ADAPTER_CONFIG,
    ADAPTER_FILE,
    ADAPTER_FORMAT,
    HEAD_FILE,
    MANIFEST_FILE,
    intact,
    manifest_in,
    replace_file,
)

_PEFT_PREFIX = "base_model.model."


@dataclass(frozen=True, eq=False)
class TunedAdapter:
    """Content of a tuned language model.

    Attributes:
        base_digest: of the base model's files.
        base_source: where these came from; empty where that is not told.
        answers: what the training rows wrote for a label, where that is more than the label.
        adapted_prefix: whether the adapter also reads what comes before a row's text.
        temperature, thresholds, allow_empty: as of a `TunedModel`.
        fields: of the objects that it answers with; none where it answers with labels.
        readout_losses: on the evaluation rows, of the readouts that were compared; empty where the readout was given,
            or there were no such rows.
    """

    spec: TrainingSpec
    base_digest: str
    base_source: str
    layers: int
    labels: tuple[str, ...]
    multi_label: bool
    adapter: Adapter
    head: Head | None
    answers: Mapping[str, str]
    adapted_prefix: bool
    temperature: float = 1.0
    thresholds: SetThresholds = field(default_factory=SetThresholds)
    allow_empty: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)
    readout_losses: Mapping[str, float] = field(default_factory=dict)
    fields: tuple[FieldConstraint, ...] = ()

    @property
    def readout(self) -> Literal["head", "generate"]:
        """How its answer is read."""
        return "generate" if self.head is None else "head"


def save_adapter(tuned: TunedAdapter, folder: Path) -> None:
    """Write the model into a folder, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / ADAPTER_FILE, save(_peft_tensors(tuned.adapter)))
    replace_file(folder / ADAPTER_CONFIG, json.dumps(_peft_config(tuned), indent=1).encode())
    if tuned.head is not None:
        head = {"directions": tuned.head.directions, "bias": tuned.head.bias, "center": tuned.head.center}
        replace_file(folder / HEAD_FILE, save({name: _plain(tensor) for name, tensor in head.items()}))
    manifest = {
        "format": ADAPTER_FORMAT,
        "spec": asdict(tuned.spec),
        "base_model": tuned.spec.base_model,
        "base_digest": tuned.base_digest,
        "base_source": tuned.base_source,
        "layers": tuned.layers,
        "first_layer": tuned.adapter.first_layer,
        "scale": tuned.adapter.scale,
        "labels": list(tuned.labels),
        "multi_label": tuned.multi_label,
        "readout": tuned.readout,
        "readout_losses": dict(tuned.readout_losses),
        "answers": dict(tuned.answers),
        "fields": [asdict(item) for item in tuned.fields],
        "adapted_prefix": tuned.adapted_prefix,
        "temperature": tuned.temperature,
        **tuned.thresholds.stored(),
        "allow_empty": tuned.allow_empty,
        "notes": dict(tuned.notes),
    }
    replace_file(folder / MANIFEST_FILE, json.dumps(manifest, ensure_ascii=False, indent=1).encode())


def load_adapter(folder: Path, device: str = "cpu") -> TunedAdapter:
    """The model in `folder`.

    Raises:
        DamagedModel: naming the file that is missing or unreadable.
        EngineError: it has another format.
    """
    with intact(folder):
        manifest = manifest_in(folder, ADAPTER_FORMAT)
        tensors = load_file(folder / ADAPTER_FILE, device=device)
        pairs = {
            name: (tensors[f"{_PEFT_PREFIX}{name}.lora_A.weight"], tensors[f"{_PEFT_PREFIX}{name}.lora_B.weight"])
            for name in sorted({key[len(_PEFT_PREFIX) :].rpartition(".lora_")[0] for key in tensors})
        }
        labels, head = tuple(manifest["labels"]), None
        if manifest["readout"] == "head":
            arrays = load_file(folder / HEAD_FILE, device=device)
            head = Head(labels, arrays["directions"], arrays["bias"], arrays["center"].cpu())
        spec = TrainingSpec(**manifest["spec"])
        return TunedAdapter(
            spec=spec,
            base_digest=manifest["base_digest"],
            base_source=manifest["base_source"],
            layers=manifest["layers"],
            labels=labels,
            multi_label=manifest["multi_label"],
            adapter=Adapter(spec.lora_rank, manifest["scale"], manifest["first_layer"], pairs),
            head=head,
            answers=manifest["answers"],
            adapted_prefix=manifest["adapted_prefix"],
            temperature=manifest["temperature"],
            thresholds=SetThresholds.of_manifest(manifest),
            allow_empty=manifest["allow_empty"],
            notes=manifest["notes"],
            # Manifests written before these had their fields have neither.
            readout_losses=manifest.get("readout_losses", {}),
            fields=tuple(_field(item) for item in manifest.get("fields", ())),
        )


def _field(item: Mapping[str, Any]) -> FieldConstraint:
    values = item["values"]
    # Manifests written before lists were learned have the first three alone.
    return FieldConstraint(
        tuple(item["path"]),
        None if values is None else tuple(values),
        tuple(item["types"]),
        many=item.get("many", False),
        least=item.get("least", ""),
    )


def check_base(tuned: TunedAdapter, digest: str) -> None:
    """Refuse an adapter over other weights than those that it was trained on.

    Raises:
        EngineError: naming the base model.
    """
    if tuned.base_digest != digest:
        raise EngineError(
            f"the adapter was trained on other weights of {tuned.spec.base_model} ({tuned.base_digest[:12]}) than "
            f"those that are here ({digest[:12]}); add the first ones again, or train it again"
        )


def _peft_tensors(adapter: Adapter) -> dict[str, torch.Tensor]:
    return {
        f"{_PEFT_PREFIX}{name}.lora_{half}.weight": _plain(tensor)
        for name, pair in adapter.pairs.items()
        for half, tensor in zip("AB", pair, strict=True)
    }


def _peft_config(tuned: TunedAdapter) -> dict[str, Any]:
    adapter = tuned.adapter
    base, revision = hub_id(tuned.base_source) or (tuned.base_source or tuned.spec.base_model, None)
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "revision": revision,
        "r": adapter.rank,
        "lora_alpha": round(adapter.scale * adapter.rank),
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
        "target_modules": sorted({name.rpartition(".")[2] for name in adapter.pairs}),
        "layers_to_transform": sorted({layer_of(name) for name in adapter.pairs}),
        "layers_pattern": "layers",
    }


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().float().cpu().contiguous()
