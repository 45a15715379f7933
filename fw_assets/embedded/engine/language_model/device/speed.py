"""Speed of the device: tokens that a language model of a given size reads in a second, in training and in scoring.

Estimated from the rate of the device's matrix products, which a program of its own measures once a day, so that the
server needs no torch to say it. A token costs two operations for each parameter that it passes (Kaplan et al. 2020).
"""

from __future__ import annotations

import atexit
import contextlib
import json
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
_PAUSE_SECONDS = 300.0
"""Between two measurements by one process, the first of which told nothing."""

# Shares of the rate of one large matrix product that scoring and training come to in all, measured with SmolLM2-135M on
# two CPU cores. On a CPU the upper third of the layers is trained, the states below are computed once.
_SCORING_SHARE = 0.75
_TRAINING_SHARE = 0.45
_PASSES = {"cpu": 1.0, "cuda": 4.0}
"""Passes through all parameters that a token is trained in: forward, again for the checkpoints, and twice backward."""
_lock = threading.Lock()
_measurement: subprocess.Popen[bytes] | None = None
_started: dict[Path, float] = {}


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
    """The speed of this machine's device as it was measured last; None until it is known, and where it cannot be.

    What was measured more than a day ago is measured again, by a process beside this one that nobody waits for.
    """
    if missing_packages():
        return None
    path = models_home() / _FILE
    speed, measured = _read(path)
    if speed is None or abs(time.time() - measured) > _DAY_SECONDS:
        _measure(path)
    return speed


def _read(path: Path) -> tuple[DeviceSpeed | None, float]:
    """(the speed in a file, when it was written)"""
    try:
        return DeviceSpeed(**json.loads(path.read_bytes())), path.stat().st_mtime
    except (OSError, ValueError, TypeError):
        return None, 0.0


def _measure(path: Path) -> None:
    """Have the program measure the device, unless it does, or was started within the last minutes."""
    global _measurement
    with _lock:
        running = _measurement is not None and _measurement.poll() is None
        if running or (path in _started and time.monotonic() - _started[path] < _PAUSE_SECONDS):
            return
        _started[path] = time.monotonic()
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            # It outlives a process that is done sooner.
            _measurement = subprocess.Popen(
                [sys.executable, "-m", _PROGRAM, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )


@atexit.register
def _disown_measurement() -> None:
    # A Popen without a return code would warn of it.
    if _measurement is not None:
        _measurement.returncode = _measurement.returncode or 0
