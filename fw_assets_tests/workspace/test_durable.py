"""A full disk loses nothing in silence, and a damaged value stops nobody."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.values import Frozen
from fw_assets.workspace.append_log import FileLog
from fw_assets.workspace.durable import append_whole, replacing
from fw_assets.workspace.workspace import Workspace


class Value(Frozen):
    number: int = 1


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "value.json"
    with replacing(target) as temporary:
        temporary.write_text("first")
    with pytest.raises(FileNotFoundError), replacing(target) as temporary:
        temporary.unlink(missing_ok=True)
    assert target.read_text() == "first"
    assert [path.name for path in target.parent.iterdir()] == ["value.json"]


def limited_append(path: Path, limit: int, lines: list[str], ends: int) -> None:
    """In a process of its own: append under a file-size limit, which cuts a write short as a full disk does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    log = FileLog(str(path))
    for line in lines:
        try:
            log.append(line)
        except OSError as error:
            os.write(ends, f"refused {error.errno}\n".encode())
        else:
            os.write(ends, f"kept {line}\n".encode())


@pytest.mark.parametrize("limit", [100, 1_000, 4_096, 4_100, 10_000])
def test_what_append_accepted_is_there_and_what_it_refused_is_not(tmp_path: Path, limit: int) -> None:
    path, lines = tmp_path / "ledger.jsonl", [f"{number} {'x' * 83}" for number in range(200)]
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limited_append(path, limit, lines, theirs)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        said = pipe.read().splitlines()
    os.waitpid(child, 0)
    kept = [line.removeprefix("kept ") for line in said if line.startswith("kept ")]
    assert f"refused {errno.EFBIG}" in said
    assert list(FileLog(str(path)).lines()) == kept
    assert path.read_bytes() == "".join(f"{line}\n" for line in kept).encode()
    FileLog(str(path)).append("more")
    assert list(FileLog(str(path)).lines()) == [*kept, "more"]


def test_a_write_that_is_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    append_whole(descriptor, b"a longer line\n")
    os.close(descriptor)
    assert (tmp_path / "log").read_bytes() == b"a longer line\n"


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "torn in the header": lambda good: good[:10],
    "torn in the value": lambda good: good[:-5],
    "zeros": lambda good: bytes(len(good)),
    "half zeros": lambda good: good[: len(good) // 2] + bytes(len(good) // 2),
    "another encoding": lambda good: good.decode().encode("utf-16"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_value_is_set_aside_and_is_due_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(str(tmp_path))
    workspace.write("plan", "tickets", Value(number=7), inputs="i")
    path = workspace.local("tickets", "assets", "plan.json")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert workspace.read("plan", "tickets", Value) is None
    assert workspace.header("plan", "tickets") is None
    assert str(path) in caplog.text
    assert [other.name.rpartition("-")[0] for other in path.parent.iterdir()] == [".plan.json.damaged"]
    workspace.write("plan", "tickets", Value(number=8), inputs="i")
    assert workspace.require("plan", "tickets", Value) == Value(number=8)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"7", b'{"inputs":"i","digest":"d","value":{"number":"many"}}'])
def test_a_whole_value_that_this_version_cannot_read_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    workspace = Workspace(str(tmp_path))
    workspace.write("plan", "tickets", Value(), inputs="i")
    path = workspace.local("tickets", "assets", "plan.json")
    path.write_bytes(content)
    with pytest.raises(InputError, match="not what this version writes there") as refused:
        workspace.read("plan", "tickets", Value)
    assert str(path) in str(refused.value)
    assert path.read_bytes() == content


@given(data=st.binary(max_size=80))
def test_no_bytes_in_the_place_of_a_value_are_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    workspace = Workspace(str(tmp_path_factory.mktemp("workspace")))
    workspace.write("plan", "tickets", Value(), inputs="i")
    workspace.local("tickets", "assets", "plan.json").write_bytes(data)
    for read in (lambda: workspace.header("plan", "tickets"), lambda: workspace.read("plan", "tickets", Value)):
        try:
            read()
        except InputError:
            continue
