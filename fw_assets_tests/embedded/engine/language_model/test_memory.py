from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")

import torch

from fw_assets.embedded.engine.language_model import memory
from fw_assets.embedded.engine.language_model.memory import PeakMemory, peak_bytes

MEGABYTE = 1024**2
on_linux = pytest.mark.skipif(
    sys.platform != "linux" or torch.cuda.is_available(), reason="the counter of Linux, where there is no accelerator"
)


def use(megabytes: int) -> None:
    """Have so much memory, and give it back."""
    np.ones(megabytes * MEGABYTE, np.uint8)


@on_linux
def test_a_peak_is_of_its_own_time_alone() -> None:
    first = PeakMemory()
    start = first.bytes
    use(300)
    assert first.bytes - start > 250 * MEGABYTE
    second = PeakMemory()
    assert second.bytes < first.bytes - 200 * MEGABYTE
    use(100)
    assert 50 * MEGABYTE < second.bytes - start < 250 * MEGABYTE
    assert first.bytes - start > 250 * MEGABYTE, "what it saw before the other one began"


@on_linux
def test_a_counter_that_cannot_be_set_back_is_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(200)
    before = peak_bytes()
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "missing" / "clear_refs")
    assert PeakMemory().bytes >= before


def test_a_machine_without_the_counter_has_that_of_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("_CLEAR", "_STATUS"):
        monkeypatch.setattr(memory, name, tmp_path / "missing" / name)
    assert PeakMemory().bytes > 10 * MEGABYTE
