"""Staging: each source is fetched once, and read again only when it has changed."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import fsspec
import pytest
import zstandard

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset_reference import dataset_name
from fw_assets.classification.errors import InputError
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration import sources, staging
from fw_assets.pipeline.registration.staging import local_copies, stage
from fw_assets.workspace.workspace import Workspace

LINE = b'{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"a"}]}\n'
DATA = b"".join(LINE % index for index in range(9))
NO_PLATFORM = cast("Platform", None)


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path / "workspace"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths whose content was fetched or digested."""
    reads: list[str] = []
    copy, digest = sources.copy, file_sha256

    def counted_copy(fs: Any, path: str, target: Path) -> Path:
        reads.append(path)
        return copy(fs, path, target)

    def counted_digest(path: Path) -> str:
        reads.append("digest")
        return digest(path)

    monkeypatch.setattr(sources, "copy", counted_copy)
    monkeypatch.setattr(staging, "file_sha256", counted_digest)
    yield reads
    fs = fsspec.filesystem("memory")
    fs.store.clear()


def test_an_unchanged_local_file_is_not_read_again(store: Workspace, tmp_path: Path, opened: list[str]) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(DATA)
    first = stage(store, NO_PLATFORM, "train", str(path))
    assert stage(store, NO_PLATFORM, "train", str(path)) == first
    assert opened == ["digest"]
    path.write_bytes(DATA * 2)
    assert stage(store, NO_PLATFORM, "train", str(path)).sha256 != first.sha256
    assert opened == ["digest"] * 2


def test_a_folder_of_plain_and_compressed_files(store: Workspace, tmp_path: Path, opened: list[str]) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "1.jsonl").write_bytes(DATA)
    (folder / "2.jsonl.gz").write_bytes(gzip.compress(DATA))
    (folder / "3.jsonl.zst").write_bytes(zstandard.compress(DATA))
    (folder / "notes.txt").write_bytes(b"not data")
    staged = stage(store, NO_PLATFORM, "train", str(folder))
    read = read_rows(Path(staged.path), source="train")
    assert read.frame.height == 27
    assert (read.sha256, read.size_bytes) == (staged.sha256, staged.size_bytes)
    assert stage(store, NO_PLATFORM, "train", str(folder)) == staged
    assert opened == ["digest"]


@pytest.mark.parametrize("reference", ["memory://bucket/data.jsonl.gz", "memory://bucket"])
def test_a_url_is_fetched_once_under_its_digest(store: Workspace, opened: list[str], reference: str) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/bucket/data.jsonl.gz", gzip.compress(DATA))
    staged = stage(store, NO_PLATFORM, "train", reference)
    again = stage(store, NO_PLATFORM, "eval", reference)
    assert again.path == staged.path
    assert opened == ["/bucket/data.jsonl.gz", "digest"]
    assert staged.sha256[:16] in staged.path
    assert read_rows(Path(staged.path), source="train").frame.height == 9
    fs.pipe_file("/bucket/data.jsonl.gz", gzip.compress(DATA * 2))
    assert stage(store, NO_PLATFORM, "train", reference).sha256 != staged.sha256


def test_folders_within_a_remote_folder_keep_their_places(store: Workspace) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/hub/train/data-0.jsonl", DATA)
    fs.pipe_file("/hub/test/data-0.jsonl", DATA)
    fs.pipe_file("/hub/train/dataset_info.json", b"{}")
    fs.pipe_file("/hub/.cache/data-0.jsonl", DATA)
    staged = stage(store, NO_PLATFORM, "train", "memory://hub")
    root = Path(staged.path)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert names == ["test/data-0.jsonl", "train/data-0.jsonl", "train/dataset_info.json"]
    assert file_sha256(root) == staged.sha256 == read_rows(root, source="train").sha256


def test_the_rows_of_a_query_are_staged_under_their_digest_and_again_when_the_database_changes(
    store: Workspace, tmp_path: Path
) -> None:
    database = tmp_path / "desk.db"
    reference = f"sqlite:///{database}?query=SELECT text, label FROM tickets"

    def insert(rows: int) -> None:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("create table if not exists tickets (text text, label text)")
            connection.executemany("insert into tickets values (?, 'a')", [(f"ticket {n}",) for n in range(rows)])

    insert(5)
    staged = stage(store, NO_PLATFORM, "train", reference)
    assert (Path(staged.path).name, dataset_name(reference)) == ("desk.parquet", "desk")
    assert stage(store, NO_PLATFORM, "train", reference) == staged
    insert(3)
    assert stage(store, NO_PLATFORM, "train", reference).sha256 != staged.sha256


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A web server over a folder, and the requests that it answered."""
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            requests.append(str(args[0]).rsplit(" ", 1)[0])

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
        server.shutdown()


def test_a_file_behind_a_web_server_is_fetched_once(
    store: Workspace, tmp_path: Path, web: tuple[str, list[str]]
) -> None:
    (tmp_path / "tickets.jsonl.gz").write_bytes(gzip.compress(DATA))
    url, requests = web
    reference = f"{url}/tickets.jsonl.gz?signature=secret"
    staged = stage(store, NO_PLATFORM, "train", reference)
    assert Path(staged.path).name == "tickets.jsonl.gz"
    assert dataset_name(reference) == "tickets"
    assert read_rows(Path(staged.path), source="train").frame.height == 9
    assert stage(store, NO_PLATFORM, "eval", reference).path == staged.path
    assert len([request for request in requests if request.startswith("GET")]) == 1


class _CountingPlatform:
    """A platform with one dataset, which records its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def call(self, work: Any) -> Any:
        import asyncio

        return asyncio.run(work(self))

    async def dataset(self, name: str) -> Any:
        self.calls.append("get")
        return type("Dataset", (), {"name": name, "create_time": "2026-01-01T00:00:00Z"})()

    async def download_dataset(self, name: str, target: Path) -> Path:
        self.calls.append("download")
        target.write_bytes(DATA)
        return target


def test_a_platform_dataset_is_downloaded_once(store: Workspace) -> None:
    platform = _CountingPlatform()
    for _ in range(3):
        staged = stage(store, cast("Platform", platform), "train", "accounts/me/datasets/tickets")
    assert platform.calls == ["get", "download", "get", "get"]
    assert Path(staged.path).read_bytes() == DATA


@pytest.mark.parametrize("reference", ["absent.jsonl", "memory://nothing/here.jsonl", "nosuch://x/y.jsonl"])
def test_nothing_there(store: Workspace, reference: str) -> None:
    with pytest.raises(InputError) as raised:
        stage(store, NO_PLATFORM, "train", reference)
    assert raised.value.problems[0].kind == "missing-file"


def test_a_lost_copy_is_fetched_again(store: Workspace, opened: list[str]) -> None:
    fsspec.filesystem("memory").pipe_file("/bucket/data.jsonl", DATA)
    staged = stage(store, NO_PLATFORM, "train", "memory://bucket/data.jsonl")
    Path(staged.path).unlink()
    assert stage(store, NO_PLATFORM, "train", "memory://bucket/data.jsonl") == staged
    assert len(opened) == 4


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_behind_a_url_a_local_file_is_there_for_every_machine(tmp_path: Path, opened: list[str], kind: str) -> None:
    shared = Workspace("memory://team/work")
    path = tmp_path / "data.jsonl"
    if kind == "folder":
        path.mkdir()
        (path / "1.jsonl").write_bytes(DATA)
        (path / "within" / "more").mkdir(parents=True)
        (path / "within" / "more" / "2.jsonl").write_bytes(DATA)
    else:
        path.write_bytes(DATA)
    staged = stage(shared, NO_PLATFORM, "train", str(path))
    assert stage(shared, NO_PLATFORM, "train", str(path)) == staged
    shutil.move(path, tmp_path / "elsewhere")  # as on a machine that never had it
    assert stage(shared, NO_PLATFORM, "train", str(path)) == staged
    with local_copies(shared, [staged]) as (copy,):
        assert file_sha256(Path(copy.path)) == staged.sha256
        assert read_rows(Path(copy.path), source="train").frame.height == (18 if kind == "folder" else 9)
    assert not Path(copy.path).exists()
    shared.filesystem.store.clear()
    with pytest.raises(InputError, match="register it again"), local_copies(shared, [staged]):
        pass
