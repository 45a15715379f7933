"""Parsing a file by threads and by processes: the same rows, and lost processes are reported."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from fw_assets.classification.dataset.parallel import (
    MIN_PARALLEL_BYTES,
    parse_file,
    parse_in_processes,
    parse_in_threads,
)
from fw_assets.classification.dataset.parallel_worker import ParserProcess
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError
from fw_assets_tests.classification.dataset.test_chunk_parser import GOOD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rows"
    path.mkdir()
    return path


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """A file of 2,000 different common rows."""
    path = tmp_path / "data.jsonl"
    path.write_text("".join(GOOD[0].replace("hi", f"hi {index}") + "\n" for index in range(2000)), "utf-8")
    return path


def test_processes_parse_what_threads_do(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "data.jsonl"
    lines = [GOOD[index % 4].replace("hi", f"hi {index}") for index in range(3000)]
    lines[1234] = "{}"
    lines[2000] = ""
    path.write_text("\ufeff" + "\n".join(lines), "utf-8")
    in_memory, on_disk = RowStore(), RowStore(folder)
    summary = parse_in_threads(path, 1, "train", in_memory)
    assert parse_in_processes(path, 1, "train", on_disk, segment_bytes=50_000, workers=2)[0] == summary
    assert len(on_disk.parts()) > 3
    assert on_disk.scan().collect().equals(in_memory.scan().collect())


def test_a_large_file_is_parsed_by_processes(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{GOOD[0]}\n{' ' * MIN_PARALLEL_BYTES}\n{GOOD[1]}\n", "utf-8")
    in_memory, on_disk = RowStore(), RowStore(folder)
    assert parse_file(path, 1, "train", on_disk) == parse_file(path, 1, "train", in_memory)
    assert on_disk.scan().collect().equals(in_memory.scan().collect())


def test_processes_stop_after_enough_bad_lines(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("{}\n" * 10_000, "utf-8")
    summary, _ = parse_in_processes(path, 1, "train", RowStore(folder), stop_after=100, segment_bytes=300, workers=2)
    assert 100 <= len(summary.rejected) < 1000


def test_a_lost_process_is_named_and_none_is_left(numbered: Path, folder: Path) -> None:
    started: list[ParserProcess] = []

    def start_and_kill_the_second() -> ParserProcess:
        started.append(ParserProcess())
        if len(started) == 2:
            os.kill(started[1].process.pid, signal.SIGKILL)
        return started[-1]

    with pytest.raises(InputError, match="a reading process was killed") as raised:
        parse_in_processes(
            numbered,
            1,
            "train",
            RowStore(folder),
            segment_bytes=5_000,
            workers=2,
            start_worker=start_and_kill_the_second,
        )
    assert str(numbered) in str(raised.value)
    assert [worker.process.poll() is not None for worker in started] == [True, True]


def test_a_process_ends_with_its_input() -> None:
    with ParserProcess() as worker:
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert worker.process.wait(60) == 0


def test_the_error_of_a_process_is_raised_here(numbered: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        parse_in_processes(numbered, 1, "train", RowStore(tmp_path / "nowhere"), workers=2)
