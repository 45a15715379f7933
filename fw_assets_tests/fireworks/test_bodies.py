"""Responses that are too large, too slow or without end: each is given up with one sentence, in little memory."""

from __future__ import annotations

import asyncio
import functools
import gzip
import itertools
import resource
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from fw_assets.fireworks import (
    Backoff,
    ConnectionFailed,
    Fireworks,
    FireworksError,
    OversizedResponse,
    RetryPolicy,
    UnexpectedResponse,
    _bodies,
)

from .conftest import Serve

ONCE = Backoff(first=0, growth=1, longest=0, budget=-1)
ONE_ATTEMPT = RetryPolicy(transient=ONCE, throttled=ONCE, scaling=ONCE)


@functools.cache
def bomb() -> bytes:
    """A gzip stream of 256 MB of blanks, a thousandth in size."""
    compressor = zlib.compressobj(9, wbits=31)
    block = b" " * (1 << 20)
    return b"".join(compressor.compress(block) for _ in range(256)) + compressor.flush()


async def bombed(request: Request) -> Response:
    return Response(bomb(), headers={"content-encoding": "gzip"})


async def bombed_twice(request: Request) -> Response:
    return Response(gzip.compress(bomb()), headers={"content-encoding": "gzip, gzip"})


async def large(request: Request) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(512):
            yield b" " * (1 << 20)

    return StreamingResponse(blocks(), media_type="application/json")


async def nested(request: Request) -> Response:
    return Response(b"[" * 1_000_000)


async def dribbled(request: Request) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    return StreamingResponse(blocks(), media_type="application/json")


async def cut_off(request: Request) -> Response:
    return Response(gzip.compress(b'{"a": 1}')[:-12], headers={"content-encoding": "gzip"})


def served(answer: Callable[[Request], Awaitable[Response]]) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT"])])


def ask(url: str, call: Callable[[Fireworks], Awaitable[Any]]) -> Any:
    async def inside() -> Any:
        async with Fireworks(base_url=url, api_key="key", account_id="a", retry_policy=ONE_ATTEMPT) as client:
            return await call(client)

    return asyncio.run(inside())


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (bombed, OversizedResponse, "more than 16 MB"),
        (large, OversizedResponse, "more than 16 MB"),
        (bombed_twice, UnexpectedResponse, "cannot be decoded"),
        (cut_off, UnexpectedResponse, "cannot be decoded"),
        (nested, UnexpectedResponse, "not a JSON object"),
    ],
)
def test_a_response_beyond_the_limits_is_refused_in_little_memory(
    serve: Serve, answer: Callable[[Request], Awaitable[Response]], error: type[FireworksError], message: str
) -> None:
    url = serve(served(answer))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for call in (lambda client: client.model("m"), lambda client: client.models()):
        with pytest.raises(error, match=message):
            ask(url, call)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_a_response_that_dribbles_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bodies, "ANSWER_SECONDS", 0.5)
    started = time.monotonic()
    with pytest.raises(ConnectionFailed, match="timed out"):
        ask(serve(served(dribbled)), lambda client: client.model("m"))
    assert time.monotonic() - started < 10


def test_a_download_that_dribbles_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_bodies, "_RATE_AFTER_SECONDS", 0.5)

    async def answer(request: Request) -> Response:
        if request.url.path.endswith(":getDownloadEndpoint"):
            return JSONResponse({"filenameToSignedUrls": {"a.jsonl": "/file"}})
        return await dribbled(request)

    with pytest.raises(ConnectionFailed, match="timed out"):
        ask(serve(served(answer)), lambda client: client.download_dataset("d", tmp_path / "d.jsonl"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, 200])
def test_a_list_that_never_ends_is_given_up(serve: Serve, size: int) -> None:
    numbers = itertools.count()

    async def answer(request: Request) -> Response:
        models = [{"name": f"accounts/a/models/m{number}", "description": "x" * 2_000} for number in range(size)]
        return JSONResponse({"models": models, "nextPageToken": str(next(numbers))})

    with pytest.raises(OversizedResponse, match="the list goes on after"):
        ask(serve(served(answer)), lambda client: client.models())


@pytest.mark.parametrize(
    ("answer", "call", "message"),
    [
        ({"models": [], "nextPageToken": [1]}, lambda client, folder: client.models(), "token of the next page"),
        *(
            ({"filenameToSignedUrls": urls}, lambda client, folder: client.download_dataset_files("d", folder), message)
            for urls, message in (
                (["/etc/passwd"], "no URLs by file name"),
                ({"a": None}, "no URLs by file name"),
                ({"a": "file:///etc/passwd"}, "the address of no web server"),
                ({"a": "http://[::1"}, "the address of no web server"),
            )
        ),
    ],
)
def test_a_part_of_the_wrong_kind_is_an_error(
    serve: Serve, tmp_path: Path, answer: Any, call: Callable[[Fireworks, Path], Awaitable[Any]], message: str
) -> None:
    async def reply(request: Request) -> Response:
        return JSONResponse(answer)

    with pytest.raises(UnexpectedResponse, match=message):
        ask(serve(served(reply)), lambda client: call(client, tmp_path))


def test_a_resource_of_the_wrong_kind_quotes_nothing(serve: Serve) -> None:
    async def reply(request: Request) -> Response:
        return JSONResponse({"name": [request.headers["authorization"]]})

    with pytest.raises(UnexpectedResponse, match="name: Input should be a valid string") as caught:
        ask(serve(served(reply)), lambda client: client.model("m"))
    assert "key" not in str(caught.value)


def test_a_response_is_decompressed_in_small_pieces() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bomb()

    async def largest() -> int:
        return max([len(piece) async for piece in _bodies.decompressed(chunks(), "gzip")])

    assert asyncio.run(largest()) == 1 << 20


@pytest.mark.parametrize("wbits", [15, 31])
def test_both_ways_of_compression_are_read(wbits: int) -> None:
    text = b'{"a": 1}' * 100_000
    packed = zlib.compressobj(wbits=wbits)
    data = packed.compress(text) + packed.flush()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    assert asyncio.run(_bodies.whole_body(chunks(), "GZIP" if wbits == 31 else "deflate", "GET x")) == text
