"""Uploads and downloads over real sockets: small, large, broken off, started over."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fw_assets.fireworks import Backoff, Dataset, DatasetFailed, Fireworks, RetryPolicy, UnexpectedResponse
from fw_assets.fireworks._upload import file_name, signed_headers

from .conftest import Serve
from .fake import answers, client_of, reply

QUICK = Backoff(first=0.001, growth=1, longest=0.001, budget=30)
RETRY_POLICY = RetryPolicy(transient=QUICK, throttled=QUICK, scaling=QUICK)
DATASET = "/v1/accounts/acme/datasets/d"


@dataclass
class Storage:
    """A platform with one dataset and a bucket; `failures` attempts to upload break off half-way."""

    failures: int = 0
    refusal: dict[str, Any] | None = None
    state: str | None = None
    base: str = ""
    stored: bytes | None = None
    calls: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    expired: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.handle, methods=["GET", "POST", "PUT"])])

    async def handle(self, request: Request) -> Response:
        path = request.url.path
        self.calls.append(f"{request.method} {path.removeprefix(DATASET) or '-'}")
        if path.startswith("/bucket"):
            return await self.bucket(request)
        if path == "/v1/accounts/acme/datasets":
            self.state = "UPLOADING"
        if self.state is None:
            return JSONResponse({"code": 5, "message": "not found"}, 404)
        if path.endswith(":upload"):
            if self.refusal:
                return JSONResponse(self.refusal, self.refusal["status"])
            if self.failures:
                return await self.break_off(request)
            async with request.form() as form:
                file = form["file"]
                assert not isinstance(file, str)
                self.stored = await file.read()
            self.state = "READY"
            return JSONResponse({})
        if path.endswith(":getUploadEndpoint"):
            (name,) = (await request.json())["filenameToSize"]
            signed = "content-type%3Bhost%3Bx-goog-content-length-range"
            url = f"{self.base}/bucket/{name}?X-Goog-SignedHeaders={signed}"
            return JSONResponse({"filenameToSignedUrls": {name: url}})
        if path.endswith(":validateUpload"):
            self.state = "READY"
            return JSONResponse({})
        if path.endswith(":getDownloadEndpoint"):
            names = ("a.jsonl", "../../b.jsonl")
            return JSONResponse(
                {"filenameToSignedUrls": {name: f"/bucket/{index}" for index, name in enumerate(names)}}
            )
        return JSONResponse({"name": "accounts/acme/datasets/d", "state": self.state, "exampleCount": "3000"})

    async def bucket(self, request: Request) -> Response:
        assert "authorization" not in request.headers
        if request.method == "PUT":
            self.headers = dict(request.headers)
            if self.failures:
                return await self.break_off(request)
            digest = hashlib.sha256()
            async for chunk in request.stream():
                digest.update(chunk)
            self.stored = digest.digest()
            return Response()
        if self.expired:
            self.expired -= 1
            return JSONResponse({"message": "expired"}, 403 if self.expired else 503)
        return Response(f'{{"file": {request.url.path[-1]}}}\n')

    async def break_off(self, request: Request) -> Response:
        self.failures -= 1
        received = 0
        try:
            async for chunk in request.stream():
                received += len(chunk)
                if received > 100_000:
                    break
        except ClientDisconnect:
            pass
        return JSONResponse({"code": 14, "message": "try again"}, 503, {"connection": "close"})


def upload(storage: Storage, serve: Serve, path: Path, **options: Any) -> tuple[Dataset, list[tuple[int, int]]]:
    storage.base = serve(storage.app)
    sent_bytes: list[tuple[int, int]] = []

    async def run() -> Dataset:
        async with Fireworks(
            base_url=storage.base, api_key="k", account_id="acme", retry_policy=RETRY_POLICY, **options
        ) as client:
            return await client.ensure_dataset(
                "d", path, rows=3000, on_bytes=lambda sent, total: sent_bytes.append((sent, total))
            )

    return asyncio.run(run()), sent_bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "train.jsonl"
    file.write_bytes(b"".join(json.dumps({"row": row, "pad": "x" * 1000}).encode() + b"\n" for row in range(3000)))
    return file


def test_a_file_arrives_byte_for_byte(serve: Serve, path: Path) -> None:
    storage = Storage()
    dataset, sent_bytes = upload(storage, serve, path)
    assert dataset.ready
    assert storage.stored == path.read_bytes()
    assert sent_bytes[-1] == (path.stat().st_size, path.stat().st_size)
    assert [sent for sent, _ in sent_bytes] == sorted(sent for sent, _ in sent_bytes)
    assert storage.calls == ["GET -", "POST /v1/accounts/acme/datasets", "GET -", "POST :upload", "GET -"]


def test_a_broken_upload_is_repeated(serve: Serve, path: Path) -> None:
    storage = Storage(failures=2)
    dataset, _ = upload(storage, serve, path)
    assert dataset.ready
    assert storage.stored == path.read_bytes()
    assert storage.calls.count("POST /v1/accounts/acme/datasets") == 1


def test_an_upload_is_resumed_by_the_next_run(serve: Serve, path: Path) -> None:
    storage = Storage(state="UPLOADING")
    dataset, _ = upload(storage, serve, path)
    assert dataset.ready
    assert "POST /v1/accounts/acme/datasets" not in storage.calls


def test_a_large_file_goes_to_the_signed_url(serve: Serve, path: Path) -> None:
    storage = Storage(failures=1)
    dataset, sent_bytes = upload(storage, serve, path, direct_upload_limit=1_000_000)
    size = path.stat().st_size
    assert dataset.ready
    assert storage.stored == hashlib.sha256(path.read_bytes()).digest()
    assert storage.headers["content-type"] == "application/octet-stream"
    assert storage.headers["x-goog-content-length-range"] == f"{size},{size}"
    assert storage.headers["content-length"] == str(size)
    assert sent_bytes[-1] == (size, size)
    assert storage.calls[-4:] == [
        "POST :getUploadEndpoint",
        "PUT /bucket/train.jsonl",
        "POST :validateUpload",
        "GET -",
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 400, "code": 3, "message": "line 2: no messages"},
        {"status": 413, "code": 3, "message": "line 2: no messages"},
    ],
)
def test_a_refused_file_is_an_error_with_the_reason(serve: Serve, path: Path, refusal: dict[str, Any]) -> None:
    with pytest.raises(DatasetFailed, match=r"train\.jsonl was refused: line 2: no messages"):
        upload(Storage(refusal=refusal), serve, path)


def test_another_number_of_rows_than_the_file_has_creates_nothing(serve: Serve, tmp_path: Path) -> None:
    storage, file = Storage(), tmp_path / "train.jsonl"
    file.write_text('{"row": 1}\n\n' * 1500)
    with pytest.raises(ValueError, match=r"train\.jsonl has 1,500 rows and rows=3,000 was given; nothing was created"):
        upload(storage, serve, file)
    assert storage.calls == ["GET -"]
    file.write_text('{"row": 1}\n\n' * 2999 + '{"row": 1}')
    assert upload(storage, serve, file)[0].ready


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Content-Type"}),
        ("?X-Goog-SignedHeaders=host", set()),
        ("?X-Goog-SignedHeaders=content-type%3Bhost", {"Content-Type"}),
        ("?x-amz-signedheaders=host;content-type", {"Content-Type"}),
        ("?X-Goog-SignedHeaders=host%3Bx-goog-content-length-range", {"X-Goog-Content-Length-Range"}),
    ],
)
def test_only_signed_headers_are_sent(query: str, names: set[str]) -> None:
    assert set(signed_headers(f"https://storage.test/f{query}", 7)) == names


@pytest.mark.parametrize(
    ("name", "sent"),
    [('a"b\r\nc.jsonl', "a-b--c.jsonl"), ("überfälle.jsonl", "-berf-lle.jsonl"), ("..", "data.jsonl")],
)
def test_file_names_break_no_header(name: str, sent: str) -> None:
    assert file_name(Path(f"x/{name}") if name != ".." else Path("..")) == sent


def download(storage: Storage, serve: Serve, target: Path, *, single: bool) -> Any:
    url = serve(storage.app)

    async def run() -> Any:
        async with Fireworks(base_url=url, api_key="k", account_id="acme", retry_policy=RETRY_POLICY) as client:
            return await (client.download_dataset if single else client.download_dataset_files)("d", target)

    return asyncio.run(run())


def test_files_are_downloaded_under_names_that_stay_in_the_folder(serve: Serve, tmp_path: Path) -> None:
    files = download(Storage(state="READY"), serve, tmp_path / "new", single=False)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.jsonl", "b.jsonl"]
    assert {path.parent for path in files} == {tmp_path / "new"}


def test_several_files_as_one(serve: Serve, tmp_path: Path) -> None:
    target = download(Storage(state="READY"), serve, tmp_path / "sub" / "all.jsonl", single=True)
    assert sorted(target.read_text().splitlines()) == ['{"file": 0}', '{"file": 1}']
    assert [path.name for path in target.parent.iterdir()] == ["all.jsonl"]


def test_a_download_survives_trouble(serve: Serve, tmp_path: Path) -> None:
    files = download(Storage(state="READY", expired=1), serve, tmp_path, single=False)
    assert len(files) == 2


def test_a_dataset_without_files_is_an_error(tmp_path: Path) -> None:
    client, _, _ = client_of(answers(reply(200, {"filenameToSignedUrls": {}})))
    with pytest.raises(UnexpectedResponse, match="no file to download"):
        asyncio.run(client.download_dataset("d", tmp_path / "x.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_a_status_that_is_not_ok_ends_the_wait() -> None:
    status = {"code": "INVALID_ARGUMENT", "message": "line 7: not JSON"}
    dataset = {"name": "accounts/acme/datasets/d", "state": "UPLOADING", "status": status, "exampleCount": 3}
    client, _, _ = client_of(answers(reply(200, dataset)))
    with pytest.raises(DatasetFailed, match="line 7"):
        asyncio.run(client.ensure_dataset("d", Path(__file__), rows=3))
