"""Stored answers: what is damaged on the disk is asked again, and never read as an answer."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from fw_assets.pipeline.evaluation.response_cache import ResponseCache, StoredAnswer
from fw_assets.workspace.workspace import Workspace


def opened(folder: Path) -> ResponseCache:
    return ResponseCache(Workspace(str(folder)), "tickets", "model", "prompt")


def test_a_damaged_answer_is_left_out_and_the_others_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = opened(tmp_path)
    for number in range(3):
        cache.add(StoredAnswer(key=f"k{number}", text=f"label {number}", finish_reason="stop", prompt_tokens=5))
    cache.flush()
    assert len(opened(tmp_path)) == 3
    (path,) = (tmp_path / "tickets" / "answers").iterdir()
    whole = path.read_bytes()
    for damaged in (whole.replace(b"label 1", b"label 2"), b"\xff" * 10 + whole[10:], whole[:-5]):
        path.write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert len(opened(tmp_path)) == 2
        assert damaged == whole[:-5] or f"{path}: 1 damaged lines are left out" in caplog.text


def test_an_answer_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    cache = opened(tmp_path)
    cache.add(StoredAnswer(key="k", text="a", finish_reason="stop"))
    (path,) = (tmp_path / "tickets" / "answers").iterdir()
    path.write_text('{"key":"old","text":"b","finish_reason":"stop"}\n')
    assert len(opened(tmp_path)) == 1
