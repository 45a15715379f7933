"""Verification: a file is used only if its content is what was registered, and only if it is not written to."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import fsspec
import pytest
import zstandard

from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.errors import InputError
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.staging import stage
from fw_assets.pipeline.registration.verification import verified_unchanged
from fw_assets.pipeline.values.registration import SourceFile
from fw_assets.workspace.workspace import Workspace

LINE = b'{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"a"}]}\n'
DATA = b"".join(LINE % index for index in range(9))
NO_PLATFORM = cast("Platform", None)


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path / "workspace"))


def read_verified(files: Sequence[SourceFile], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Read as the inspection does; something happens between the reading and its end."""
    with verified_unchanged(files) as check:
        facts = [item for file in files for item in read_rows(Path(file.path), source=file.role).files]
        meanwhile()
        check(facts)


@pytest.mark.parametrize("kind", ["file", "compressed", "folder", "folder of one"])
def test_content_that_is_as_registered_is_read(store: Workspace, tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("data" if "folder" in kind else "data.jsonl.gz" if kind == "compressed" else "data.jsonl")
    if "folder" in kind:
        path.mkdir()
        (path / "1.jsonl").write_bytes(DATA)
        if kind == "folder":
            (path / "2.jsonl.zst").write_bytes(zstandard.compress(DATA))
    else:
        path.write_bytes(gzip.compress(DATA) if kind == "compressed" else DATA)
    evaluation = tmp_path / "eval.jsonl"
    evaluation.write_bytes(DATA)
    read_verified([stage(store, NO_PLATFORM, "train", str(path)), stage(store, NO_PLATFORM, "eval", str(evaluation))])


@pytest.mark.parametrize("content", [DATA + LINE % 99, DATA[:-1].replace(b"8", b"9") + b"\n", DATA + b'{"cut off'])
def test_a_file_that_changed_after_it_was_registered_is_not_used(
    store: Workspace, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(DATA)
    staged = stage(store, NO_PLATFORM, "train", str(path))
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_verified([staged])
    (problem,) = raised.value.problems
    assert (problem.kind, problem.file) == ("changed-file", str(path))
    assert f"changed after it was registered (registered were {len(DATA)} bytes" in problem.message
    assert "register it again" in raised.value.advice


def test_a_file_that_changes_while_it_is_read_is_not_used(store: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(DATA)
    staged = stage(store, NO_PLATFORM, "train", str(path))
    with pytest.raises(InputError, match="changed while it was being read"):
        read_verified([staged], lambda: path.write_bytes(DATA))


def test_a_bad_line_of_the_registered_content_is_named_as_such(store: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(DATA + b"{oops\n")
    with pytest.raises(InputError) as raised:
        read_verified([stage(store, NO_PLATFORM, "train", str(path))])
    assert raised.value.counts == {"json": 1}


def test_a_copy_that_changed_says_what_to_remove(store: Workspace) -> None:
    fsspec.filesystem("memory").pipe_file("/verified/data.jsonl", DATA)
    staged = stage(store, NO_PLATFORM, "train", "memory://verified/data.jsonl")
    Path(staged.path).write_bytes(DATA * 2)
    with pytest.raises(InputError, match="remove it, and it is fetched again"):
        read_verified([staged])
    Path(staged.path).unlink()
    read_verified([stage(store, NO_PLATFORM, "train", "memory://verified/data.jsonl")])
