"""The network over real sockets: what arrives, what is lost, and what is said about it."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from fw_assets.fireworks import Backoff, ConnectionFailed, Fireworks, FireworksError, RetryPolicy
from fw_assets.fireworks._aiohttp_transport import AiohttpTransport

from .conftest import Serve

ONCE = Backoff(first=0, growth=1, longest=0, budget=-1)
ONE_ATTEMPT = RetryPolicy(transient=ONCE, throttled=ONCE, scaling=ONCE)


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": dict(request.headers),
            "body": body.decode(),
        }
    )


async def zipped(request: Request) -> Response:
    return Response(gzip.compress(b'{"a": 1}'), headers={"content-encoding": "gzip"})


async def elsewhere(request: Request) -> Response:
    return RedirectResponse("/echo", 307)


APP = Starlette(
    routes=[
        Route("/zipped", zipped),
        Route("/elsewhere", elsewhere),
        Route("/{path:path}", echo, methods=["GET", "POST", "PUT"]),
    ]
)


def run(work: Callable[[AiohttpTransport], Awaitable[Any]]) -> Any:
    async def inside() -> Any:
        async with AiohttpTransport() as transport:
            return await work(transport)

    return asyncio.run(inside())


async def send(transport: AiohttpTransport, request: httpx.Request) -> httpx.Response:
    response = await transport.handle_async_request(request)
    await response.aread()
    await response.aclose()
    return response


def test_a_request_arrives_as_it_was_made(serve: Serve) -> None:
    url = f"{serve(APP)}/v1/a%2Fb:upload?filter=state%3D%22X%22&b=1"
    request = httpx.Request("POST", url, json={"a": "ä"}, headers={"User-Agent": "me"})
    echoed = run(lambda transport: send(transport, request)).json()
    assert (echoed["method"], echoed["path"], echoed["query"]) == (
        "POST",
        "/v1/a%2Fb:upload",
        "filter=state%3D%22X%22&b=1",
    )
    assert echoed["body"] == '{"a":"ä"}'
    assert echoed["headers"]["user-agent"] == "me"
    assert echoed["headers"]["content-type"] == "application/json"
    assert int(echoed["headers"]["content-length"]) == len('{"a":"ä"}'.encode())


def test_a_streamed_body_keeps_its_length(serve: Serve) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 5

    request = httpx.Request("PUT", f"{serve(APP)}/f", content=chunks(), headers={"Content-Length": "15"})
    echoed = run(lambda transport: send(transport, request)).json()
    assert echoed["body"] == "x" * 15
    assert echoed["headers"]["content-length"] == "15"
    assert "transfer-encoding" not in echoed["headers"]


def test_answers_are_decoded_once_and_redirects_left_alone(serve: Serve) -> None:
    url = serve(APP)
    assert run(lambda transport: send(transport, httpx.Request("GET", f"{url}/zipped"))).json() == {"a": 1}
    assert run(lambda transport: send(transport, httpx.Request("GET", f"{url}/elsewhere"))).status_code == 307


def test_a_compressed_answer_is_read(serve: Serve) -> None:
    async def ask() -> dict[str, Any]:
        async with Fireworks(base_url=serve(APP), api_key="k", account_id="a") as client:
            return await client._http.get("/zipped")

    assert asyncio.run(ask()) == {"a": 1}


def test_bytes_and_httpx_requests_arrive_the_same(serve: Serve) -> None:
    """By `send`, and by `handle_async_request` as of any other httpx transport."""

    class Plain(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.transport = AiohttpTransport()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await self.transport.handle_async_request(request)

        async def aclose(self) -> None:
            await self.transport.aclose()

    url = serve(APP)

    async def ask(transport: httpx.AsyncBaseTransport) -> list[dict[str, Any]]:
        async with Fireworks(base_url=url, api_key="k", account_id="a", transport=transport) as client:
            posted = await client._http.post("/v1/a%2Fb:upload", {"a": "ä"}, {"b": True}, idempotent=True)
            return [posted, await client._http.get("/v1/x", {"filter": 'state="X"'})]

    short, plain = asyncio.run(ask(AiohttpTransport())), asyncio.run(ask(Plain()))
    assert short == plain
    assert short[0]["headers"]["authorization"] == "Bearer k"
    assert (short[0]["path"], short[0]["query"]) == ("/v1/a%2Fb:upload", "b=true")


def test_nobody_there_means_that_nothing_was_delivered() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    async def ask() -> None:
        async with Fireworks(
            base_url=f"http://127.0.0.1:{port}", api_key="k", account_id="a", retry_policy=ONE_ATTEMPT
        ) as client:
            await client.batch_inference_job("j")

    with pytest.raises(ConnectionFailed) as caught:
        asyncio.run(ask())
    assert not caught.value.delivered


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"cut": ',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ],
)
def test_an_answer_that_breaks_off_leaves_the_outcome_open(answer: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def ask() -> None:
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with Fireworks(
                base_url=f"http://127.0.0.1:{port}", api_key="k", account_id="a", retry_policy=ONE_ATTEMPT
            ) as client:
                await client.batch_inference_job("j")

    with pytest.raises(ConnectionFailed) as caught:
        asyncio.run(ask())
    assert caught.value.delivered


def test_a_server_that_says_nothing_is_given_up() -> None:
    async def ask() -> None:
        gone = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            gone.set()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            timeout = {"timeout": {"connect": 1.0, "read": 0.05}}
            request = httpx.Request("GET", f"http://127.0.0.1:{port}/", extensions=timeout)
            with pytest.raises(httpx.ReadTimeout):
                async with AiohttpTransport() as transport:
                    await transport.handle_async_request(request)
            await gone.wait()

    asyncio.run(ask())


def test_sixty_four_at_a_time_over_sockets(serve: Serve) -> None:
    url = serve(APP)

    async def all_of_them() -> list[str]:
        async with Fireworks(base_url=url, api_key="k", account_id="a") as client:

            async def one(number: int) -> str:
                answer = await client._http.post("/v1/x", {"n": number}, idempotent=True)
                return str(answer["body"])

            return await asyncio.gather(*(one(number) for number in range(640)))

    assert asyncio.run(all_of_them()) == [f'{{"n":{number}}}' for number in range(640)]


def test_a_client_can_be_used_in_one_event_loop_after_another(serve: Serve) -> None:
    url = serve(APP)

    async def once() -> None:
        async with Fireworks(base_url=url, api_key="k", account_id="a") as client:
            await client._http.get("/v1/x")

    for _ in range(3):
        asyncio.run(once())


def test_the_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", serve(APP))
    monkeypatch.setenv("no_proxy", "direct.test")
    echoed = run(lambda transport: send(transport, httpx.Request("GET", "http://far.test/v1/x"))).json()
    assert echoed["headers"]["host"] == "far.test"
    with pytest.raises(httpx.ConnectError):
        run(lambda transport: send(transport, httpx.Request("GET", "http://direct.test/")))


def test_a_failed_call_says_nothing_of_sockets(serve: Serve) -> None:
    async def ask() -> None:
        async with Fireworks(base_url=serve(APP), api_key="k", account_id="a", retry_policy=ONE_ATTEMPT) as client:
            await client.batch_inference_job("j")

    with pytest.raises(FireworksError, match="the response is no BatchInferenceJob: name: Field required"):
        asyncio.run(ask())
