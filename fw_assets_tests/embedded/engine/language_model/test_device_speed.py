"""The speed of the device, measured in a process of its own and kept for a day."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fw_assets.embedded.engine.language_model.device.speed import DeviceSpeed, device_speed

SPEED = DeviceSpeed("cpu", scoring=2e9, training=4e9)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path))
    return tmp_path / "device-speed"


def test_it_is_measured_once(torch_extra: None, kept: Path) -> None:
    speed = device_speed()
    assert speed is not None
    assert 1e8 < speed.scoring < 1e16
    assert 1e8 < speed.training < 1e16
    written = kept.stat().st_mtime_ns
    assert device_speed() == speed
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"device": "cpu"}', "\0\0"])
def test_a_damaged_file_is_measured_again(torch_extra: None, kept: Path, content: str) -> None:
    kept.write_text(content)
    assert device_speed() is not None
    assert set(json.loads(kept.read_text())) == {"device", "scoring", "training"}


def test_what_was_measured_today_holds_until_tomorrow(torch_extra: None, kept: Path) -> None:
    kept.write_text(json.dumps(asdict(SPEED)))
    assert device_speed() == SPEED
    yesterday = time.time() - 90_000
    os.utime(kept, (yesterday, yesterday))
    assert device_speed() != SPEED


def test_a_model_of_twice_the_size_reads_half_the_tokens() -> None:
    speed = SPEED
    assert speed.scored_tokens(10**8) == pytest.approx(2 * speed.scored_tokens(2 * 10**8))
    assert speed.trained_tokens(10**8) == pytest.approx(2 * speed.trained_tokens(2 * 10**8))
    gpu = replace(SPEED, device="cuda")
    assert gpu.trained_tokens(10**8) < speed.trained_tokens(10**8), "every layer is trained there"
