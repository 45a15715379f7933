"""Locks of files: between threads and processes, freed by a holder's death, and what those who wait are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fw_assets.workspace import contention
from fw_assets.workspace.contention import UNKNOWN_HOLDER, Contender
from fw_assets.workspace.file_lock import is_locked, locked

HOLD = """
import os, sys, time
from pathlib import Path
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.file_lock import locked
with locked(Path(sys.argv[1]), Contender("the holder", print)):
    if sys.argv[2] == "with-child" and not os.fork():
        time.sleep(30)
        os._exit(0)
    print("held", flush=True)
    sys.stdin.readline()
print("free", flush=True)
sys.stdin.readline()
"""


def silent(name: str) -> Contender:
    return Contender(name, lambda holder: None)


@contextmanager
def holder(path: Path, how: str = "alone") -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_look_at_a_lock_takes_nothing(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "step")
    assert list(tmp_path.iterdir()) == []
    with holder(tmp_path / "step"):
        assert is_locked(tmp_path / "step")
    assert not is_locked(tmp_path / "step")
    with locked(tmp_path / "step") as waited:
        assert not waited
        assert is_locked(tmp_path / "step")


def test_who_waits_is_told_for_whom_and_learns_that_it_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "FIRST_NOTICE_SECONDS", 0.0)
    told: list[str] = []
    with holder(tmp_path / "step") as process:

        def on_wait(name: str) -> None:
            told.append(name)
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

        with locked(tmp_path / "step", Contender("me", on_wait)) as waited:
            assert waited
    assert told == ["the holder"], "once, though it polls ten times a second"
    with locked(tmp_path / "step", silent("me")) as waited:
        assert not waited


@pytest.mark.parametrize("contender", [None, silent("me")], ids=["nameless", "named"])
def test_the_death_of_a_holder_frees_the_lock(tmp_path: Path, contender: Contender | None) -> None:
    with holder(tmp_path / "step") as process:
        threading.Timer(0.3, process.kill).start()
        with locked(tmp_path / "step", contender) as waited:
            assert waited


def test_a_child_of_the_holder_does_not_keep_what_the_holder_has_released(tmp_path: Path) -> None:
    with holder(tmp_path / "step", "with-child") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "free\n"
        with locked(tmp_path / "step", silent("me")) as waited:
            assert not waited


def test_a_holder_without_a_name_is_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "FIRST_NOTICE_SECONDS", 0.0)
    told: list[str] = []
    released = threading.Event()

    def on_wait(name: str) -> None:
        told.append(name)
        released.set()

    def hold(held: threading.Event) -> None:
        with locked(tmp_path / "step"):
            held.set()
            released.wait(30)

    held = threading.Event()
    thread = threading.Thread(target=hold, args=(held,))
    thread.start()
    assert held.wait(30)
    with locked(tmp_path / "step", Contender("me", on_wait)):
        assert told == [UNKNOWN_HOLDER]
    thread.join()


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    entered: list[int] = []

    def work(number: int) -> None:
        with locked(tmp_path / "step", silent(f"thread {number}")):
            entered.append(number)
            time.sleep(0.01)
            entered.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entered[::2]) == list(range(6))
    assert entered[::2] == entered[1::2]
