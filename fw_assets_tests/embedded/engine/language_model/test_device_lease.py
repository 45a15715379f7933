"""Turns on a device, between real processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fw_assets.embedded.engine.errors import DeviceBusy
from fw_assets.embedded.engine.language_model.device.lease import SLICE_SECONDS, DeviceLease, device_lease, patience

HOLD = """
import sys, time
from pathlib import Path
from fw_assets.embedded.engine.language_model.device.lease import DeviceLease, patience
with patience(), DeviceLease(Path(sys.argv[1])).turn() as turn:
    print("holds", flush=True)
    for line in sys.stdin:
        if line.startswith("train"):
            end = time.monotonic() + 60
            while time.monotonic() < end:
                time.sleep(0.01)
                if turn.pass_on():
                    print("passed on", flush=True)
        break
print("ended", flush=True)
"""


class Holder:
    """A process that asks for the device, says when it has it, and keeps it until it is told to let go."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "device"


@pytest.fixture
def holders(folder: Path) -> Iterator[list[Holder]]:
    started: list[Holder] = []
    yield started
    for holder in started:
        holder.process.kill()
        holder.process.communicate()


def start(holders: list[Holder], folder: Path) -> Holder:
    """A process that has asked for the device."""
    waiting = len(list(folder.glob("[0-9]*")))
    holders.append(Holder(folder))
    while len(list(folder.glob("[0-9]*"))) == waiting:
        assert holders[-1].process.poll() is None
        time.sleep(0.01)
    return holders[-1]


def test_one_has_the_device_and_the_next_gets_it_when_that_one_is_killed(folder: Path, holders: list[Holder]) -> None:
    first = start(holders, folder)
    assert first.says() == "holds"
    second = start(holders, folder)
    first.process.kill()
    assert second.says() == "holds"
    second.tell("end")
    assert second.says() == "ended"
    assert list(folder.glob("[0-9]*")) == []


def test_who_asked_first_has_it_first_and_the_dead_are_passed_over(folder: Path, holders: list[Holder]) -> None:
    first, second, third, fourth = (start(holders, folder) for _ in range(4))
    second.process.kill()
    second.process.wait()
    order = []
    for holder in (first, third, fourth):
        assert holder.says() == "holds"
        order.append(holder)
        later = [other for other in (third, fourth) if other not in order]
        assert all(other.process.poll() is None for other in later)
        holder.tell("end")
        assert holder.says() == "ended"


def test_who_waits_too_long_is_told_so_once(
    folder: Path, holders: list[Holder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_DEVICE_WAIT", "0.2")
    first = start(holders, folder)
    assert first.says() == "holds"
    with pytest.raises(DeviceBusy, match=r"busy for 0\.2 seconds"), DeviceLease(folder).turn():
        raise AssertionError("the device was taken")
    assert len(list(folder.glob("[0-9]*"))) == 1, "who gave up is not waited for"
    first.process.kill()
    with DeviceLease(folder).turn():
        pass


def test_a_training_and_requests_take_turns(folder: Path, holders: list[Holder]) -> None:
    training = start(holders, folder)
    assert training.says() == "holds"
    training.tell("train")
    for _ in range(3):
        started = time.monotonic()
        with DeviceLease(folder).turn():
            assert time.monotonic() - started < 20 * SLICE_SECONDS
            time.sleep(0.05)
        assert training.says() == "passed on", "it has the device again"


def test_threads_of_one_process_take_turns_too(folder: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            with patience(), DeviceLease(folder).turn():
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.002)
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


def test_an_error_inside_ends_the_turn(folder: Path) -> None:
    with suppress(ValueError), DeviceLease(folder).turn():
        raise ValueError
    with DeviceLease(folder).turn() as turn:
        assert not turn.pass_on(), "nobody waits"


def test_a_cpu_has_none_unless_it_is_given_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path))
    assert device_lease("cpu") is None
    assert device_lease("cuda-0") is not None
    monkeypatch.setenv("FW_DEVICE_LEASE", "box")
    assert device_lease("cpu") is not None
