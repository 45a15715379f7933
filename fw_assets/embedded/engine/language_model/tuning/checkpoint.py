"""Checkpoint of a training run: parameters, the optimiser's moments and what was reported, in one file.

A worker that was killed goes on from it. It belongs to one input; a run on other rows or hyper-parameters ignores it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from fw_assets.embedded.engine.training_run import Evaluation, TrainingStep
from fw_assets.embedded.engine.tuned_model import remove_begun, replace_file

FILE = "checkpoint.safetensors"
SECONDS_BETWEEN = 30.0
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")

Record = TrainingStep | Evaluation


class Checkpoints:
    """The checkpoint of one job, in its folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, input_digest: str) -> None:
        self._path = folder / FILE if folder is not None else None
        self._digest = input_digest
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        return self._path is not None and time.monotonic() - self._written > SECONDS_BETWEEN

    def write(self, parameters: Sequence[torch.Tensor], optimizer: Any, records: Sequence[Record]) -> None:
        if self._path is None:
            return
        tensors: dict[str, torch.Tensor] = {}
        for index, parameter in enumerate(parameters):
            tensors[f"{index}.parameter"] = parameter.detach().cpu().contiguous()
            for name in _MOMENTS:
                value = optimizer.state[parameter][name]
                tensors[f"{index}.{name}"] = torch.as_tensor(value).detach().cpu().float().contiguous()
        told = [[type(record).__name__, asdict(record)] for record in records]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, save(tensors, {"input": self._digest, "records": json.dumps(told)}))
        self._written = time.monotonic()

    def resume(self, parameters: Sequence[torch.Tensor], optimizer: Any) -> list[Record]:
        """Take up the parameters and moments of the checkpoint, and return what was reported until it; none: []."""
        if self._path is None:
            return []
        remove_begun(self._path)
        if not self._path.is_file():
            return []
        try:
            with safe_open(str(self._path), "pt") as file:
                facts = file.metadata() or {}
                if facts.get("input") != self._digest:
                    return []
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError):
            return []
        kinds = {kind.__name__: kind for kind in (TrainingStep, Evaluation)}
        with torch.no_grad():
            for index, parameter in enumerate(parameters):
                parameter.copy_(tensors[f"{index}.parameter"])
                state = {name: tensors[f"{index}.{name}"] for name in _MOMENTS}
                optimizer.state[parameter] = {
                    name: value if name == "step" else value.to(parameter.device) for name, value in state.items()
                }
        return [kinds[kind](**fields) for kind, fields in json.loads(facts["records"])]

    def remove(self) -> None:
        if self._path is not None:
            remove_begun(self._path)
            with contextlib.suppress(OSError):
                self._path.unlink()
