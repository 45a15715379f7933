"""Speed of the device: tokens that a language model of a given size reads in a second, in training and in scoring.

Estimated from the rate of the device's matrix products, which a program of its own measures once a day, so that the
server needs no torch to say it. A token costs two operations for each parameter that it passes (Kaplan et al. 2020).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from fw_assets.embedded.engine.language_model.model_folders import missing_packages, models_home

_PROGRAM = "fw_assets.embedded.engine.language_model.device.measurement"
_FILE = "device-speed"
_DAY_SECONDS = 86_400.0
_MEASUREMENT_SECONDS = 60.0

# Shares of the rate of one large matrix product that scoring and training come to in all, measured with SmolLM2-135M on
# two CPU cores. On a CPU the upper third of the layers is trained, the states below are computed once.
_SCORING_SHARE = 0.75
_TRAINING_SHARE = 0.45
_PASSES = {"cpu": 1.0, "cuda": 4.0}
"""Passes through all parameters that a token is trained in: forward, again for the checkpoints, and twice backward."""
_lock = threading.Lock()


@dataclass(frozen=True)
class DeviceSpeed:
    """Operations in a second: those of scoring in float32, those of training in what the device trains in."""

    device: str
    scoring: float
    training: float

    def scored_tokens(self, parameters: int) -> float:
        """Tokens in a second that a model of so many parameters reads."""
        return _SCORING_SHARE * self.scoring / (2 * parameters)

    def trained_tokens(self, parameters: int) -> float:
        """Tokens in a second that an adapter of such a model is trained on."""
        return _TRAINING_SHARE * self.training / (2 * parameters * _PASSES[self.device])


def device_speed() -> DeviceSpeed | None:
    """The speed of this machine's device as it was measured in the last day, or is now; None where it cannot be."""
    if missing_packages():
        return None
    path = models_home() / _FILE
    with _lock:
        return _read(path) or _measure(path)


def _read(path: Path) -> DeviceSpeed | None:
    try:
        if abs(time.time() - path.stat().st_mtime) > _DAY_SECONDS:
            return None
        return DeviceSpeed(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _measure(path: Path) -> DeviceSpeed | None:
    command = [sys.executable, "-m", _PROGRAM]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_MEASUREMENT_SECONDS)
        speed = DeviceSpeed(**json.loads(done.stdout))
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        temporary.write_bytes(done.stdout)
        temporary.replace(path)
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return None
    return speed
