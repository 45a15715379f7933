"""The speed of the device, measured in a process of its own and kept for a day."""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import subprocess
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from fw_assets.embedded.engine.language_model.device import speed
from fw_assets.embedded.engine.language_model.device.speed import DeviceSpeed, device_speed
from fw_assets_tests.embedded.conftest import wait

SPEED = DeviceSpeed("cpu", scoring=2e9, training=4e9)


class Program(list[str]):
    """A command that was started, and is done already without result."""

    returncode = 1

    def poll(self) -> int:
        return self.returncode


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been started."""
    started: list[list[str]] = []

    def start(command: list[str], **_: Any) -> Program:
        started.append(command)
        return Program(command)

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(speed, "_measurement", None)
    return started


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path))
    return tmp_path / "device-speed"


def known() -> DeviceSpeed:
    found: DeviceSpeed = wait(device_speed, bool, 300)
    return found


def test_it_is_measured_once_beside_those_who_ask(torch_extra: None, kept: Path) -> None:
    started = time.monotonic()
    assert device_speed() is None
    assert time.monotonic() - started < 1, "nobody waits for it"
    found = known()
    assert 1e8 < found.scoring < 1e16
    assert 1e8 < found.training < 1e16
    written = kept.stat().st_mtime_ns
    assert device_speed() == found
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"device": "cpu"}', "\0\0"])
def test_a_damaged_file_is_measured_again(
    torch_extra: None, kept: Path, programs: list[list[str]], content: str
) -> None:
    kept.write_text(content)
    assert device_speed() is None
    assert [command[-1] for command in programs] == [str(kept)]


def test_what_was_measured_before_today_holds_until_it_was_measured_again(
    torch_extra: None, kept: Path, programs: list[list[str]]
) -> None:
    kept.write_text(json.dumps(asdict(SPEED)))
    assert device_speed() == SPEED
    assert programs == []
    yesterday = time.time() - 90_000
    os.utime(kept, (yesterday, yesterday))
    assert [device_speed(), device_speed()] == [SPEED, SPEED]
    assert [command[-1] for command in programs] == [str(kept)], "once"


def test_one_program_at_a_time_measures(torch_extra: None, kept: Path) -> None:
    program = importlib.import_module("fw_assets.embedded.engine.language_model.device.measurement").main
    with kept.with_name(".device-speed.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program(kept)
        assert not kept.exists()
    program(kept)
    assert set(json.loads(kept.read_text())) == {"device", "scoring", "training"}


def test_a_model_of_twice_the_size_reads_half_the_tokens() -> None:
    assert SPEED.scored_tokens(10**8) == pytest.approx(2 * SPEED.scored_tokens(2 * 10**8))
    assert SPEED.trained_tokens(10**8) == pytest.approx(2 * SPEED.trained_tokens(2 * 10**8))
    gpu = replace(SPEED, device="cuda")
    assert gpu.trained_tokens(10**8) < SPEED.trained_tokens(10**8), "every layer is trained there"
