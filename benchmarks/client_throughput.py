"""Chat requests per second over a real socket: this client beside aiohttp alone and beside other ways to send them.

    python -m benchmarks.client_throughput [--rounds N] [--uvloop]

Each client takes turns with aiohttp alone in short rounds, in one process and one event loop, against a trivial server
in another process. A ratio is formed within each pair of neighbouring rounds, so that other work on the machine falls
on both sides; the table shows the median of these ratios with its quartiles. All but `fireworks-ai` send the same bytes
and headers, encoded and decoded by msgspec. Clients that are not installed are left out.

A transport on its own takes `httpx.Request` and returns `httpx.Response`, which is the least that a client above it
costs; `fw_assets over ...` is this client with that transport in place of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Any, NamedTuple

import aiohttp
import httpx
import msgspec

from fw_assets.fireworks import Fireworks

URL = "http://127.0.0.1"
"""Completed with a free port when the server is started."""
PATH = "/inference/v1/chat/completions"

HEADERS = {
    "User-Agent": "fw-assets",
    "Accept": "application/json",
    "Authorization": "Bearer k",
    "Content-Type": "application/json",
}
LABELS = [f"label_{number}" for number in range(60)]
BODY: dict[str, Any] = {
    "model": "accounts/acme/models/m",
    "messages": [
        {"role": "system", "content": f"Answer with one of: {', '.join(LABELS)}"},
        {"role": "user", "content": "My card has not arrived yet, where is it?"},
    ],
    "temperature": 0,
    "max_tokens": 16,
    "logprobs": True,
    "response_format": {"type": "grammar", "grammar": "root ::= " + " | ".join(f'"{x}"' for x in LABELS)},
}
ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "label_7"},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "label_7", "logprob": -0.1, "top_logprobs": []}]},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102},
    }
).encode()

Call = Callable[[], Awaitable[object]]
OpenClient = Callable[[], AbstractAsyncContextManager[Call]]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The server: reads the request, answers with the same completion every time."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


@asynccontextmanager
async def aiohttp_alone() -> AsyncIterator[Call]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=HEADERS) as session:

        async def call() -> object:
            async with session.post(f"{URL}{PATH}", data=msgspec.json.encode(BODY)) as response:
                return msgspec.json.decode(await response.read())

        yield call


@asynccontextmanager
async def ours() -> AsyncIterator[Call]:
    async with Fireworks(base_url=URL, api_key="k", account_id="acme") as client:
        yield lambda: client.chat(BODY)


def ours_over(transport: Callable[[], httpx.AsyncBaseTransport]) -> OpenClient:
    """This client with another transport."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        async with Fireworks(base_url=URL, api_key="k", account_id="acme", transport=transport()) as client:
            yield lambda: client.chat(BODY)

    return opened


def transport_alone(library: Any, open_transport: Callable[[], Any]) -> OpenClient:
    """A transport without a client above it; `library` is the module of its requests, httpx or httpx2."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        headers = library.Headers(HEADERS)
        async with open_transport() as transport:

            async def call() -> object:
                request = library.Request("POST", f"{URL}{PATH}", headers=headers, content=msgspec.json.encode(BODY))
                response = await transport.handle_async_request(request)
                try:
                    return msgspec.json.decode(await response.aread())
                finally:
                    await response.aclose()

            yield call

    return opened


def httpx_like_client(open_client: Callable[[], Any]) -> OpenClient:
    """An `AsyncClient` of httpx or one made like it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Call]:
        async with open_client() as client:

            async def call() -> object:
                response = await client.post(f"{URL}{PATH}", content=msgspec.json.encode(BODY), headers=HEADERS)
                return msgspec.json.decode(response.content)

            yield call

    return opened


@asynccontextmanager
async def official_sdk() -> AsyncIterator[Call]:
    from fireworks import AsyncFireworks  # type: ignore[import-not-found,unused-ignore]

    async with AsyncFireworks(base_url=URL, api_key="k", account_id="acme") as client:
        yield lambda: client.chat.completions.create(**BODY)


class Round(NamedTuple):
    """Requests per second, 99th percentile of the latency in ms, processor ms per request."""

    rate: float
    p99: float
    cpu: float


async def take(call: Call, concurrency: int, requests: int) -> Round:
    """One round of so many requests."""
    latencies: list[float] = []
    left = iter(range(requests))

    async def worker() -> None:
        for _ in left:
            begun = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    passed, used = time.perf_counter() - begun, time.process_time() - cpu
    return Round(requests / passed, sorted(latencies)[int(requests * 0.99)] * 1e3, used / requests * 1e3)


ALONE, OURS = "aiohttp alone", "fw_assets"


def clients() -> dict[str, OpenClient]:
    """The clients by the names under which the table shows them, without those that are not installed."""
    httpx_limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    installed: dict[str, OpenClient] = {
        ALONE: aiohttp_alone,
        OURS: ours,
        "fw_assets over httpx": ours_over(lambda: httpx.AsyncHTTPTransport(limits=httpx_limits)),
        "httpx client": httpx_like_client(lambda: httpx.AsyncClient(limits=httpx_limits)),
    }
    with suppress(ImportError):
        from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient

        installed |= {
            "fw_assets over httpx-aiohttp": ours_over(lambda: AiohttpTransport(limits=httpx_limits)),
            "httpx-aiohttp transport": transport_alone(httpx, lambda: AiohttpTransport(limits=httpx_limits)),
            "httpx-aiohttp client": httpx_like_client(lambda: HttpxAiohttpClient(limits=httpx_limits)),
        }
    with suppress(ImportError):
        import httpx2

        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        installed |= {
            "httpx2 transport": transport_alone(httpx2, lambda: httpx2.AsyncHTTPTransport(limits=limits)),
            "httpx2 client": httpx_like_client(lambda: httpx2.AsyncClient(limits=limits)),
        }
    with suppress(ImportError):
        import fireworks  # type: ignore[import-not-found,unused-ignore]  # noqa: F401

        installed["fireworks-ai"] = official_sdk
    return installed


async def compare(concurrency: int, rounds: int) -> dict[str, list[tuple[Round, Round]]]:
    """Per client its rounds, each with the neighbouring round of aiohttp alone."""
    pairs: dict[str, list[tuple[Round, Round]]] = {}
    requests = max(150, 4 * concurrency)
    async with AsyncExitStack() as stack:
        calls = {name: await stack.enter_async_context(open_client()) for name, open_client in clients().items()}
        for call in calls.values():
            await take(call, concurrency, 2 * concurrency)
        for number in range(rounds):
            for name in calls:
                # Each begins in turn, so that what drifts during a pair falls on both.
                order = (ALONE, name) if number % 2 else (name, ALONE)
                pair = {each: await take(calls[each], concurrency, requests) for each in order}
                pairs.setdefault(name, []).append((pair[name], pair[ALONE]))
    return pairs


async def main(rounds: int) -> None:
    """Prints one line per concurrency and client."""
    print("| at a time | client | requests/s | ratio to aiohttp alone (quartiles) | processor ms | ratio | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    for concurrency in (1, 8, 64):
        for name, pairs in (await compare(concurrency, rounds)).items():
            time_ratio = spread([alone.rate / own.rate for own, alone in pairs])
            cpu_ratio = spread([own.cpu / alone.cpu for own, alone in pairs])
            rate, p99, cpu = (statistics.median(column) for column in zip(*(own for own, _ in pairs), strict=True))
            columns = (concurrency, name, f"{rate:.0f}", time_ratio, f"{cpu:.2f}", cpu_ratio, f"{p99:.0f}")
            print(f"| {' | '.join(map(str, columns))} |", flush=True)


def spread(ratios: list[float]) -> str:
    """The median with the quartiles."""
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def wait_for_server(port: int) -> None:
    """Returns when the port accepts a connection."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    port = free_port()
    URL = f"{URL}:{port}"
    # Connections stay open while their client has no turn.
    options = [f"--port={port}", "--log-level=error", "--no-access-log", "--timeout-keep-alive=3600"]
    app_path = "benchmarks.client_throughput:app"
    server = subprocess.Popen([sys.executable, "-m", "uvicorn", app_path, *options])
    try:
        wait_for_server(port)
        if arguments.uvloop:
            import uvloop

            uvloop.run(main(arguments.rounds))
        else:
            asyncio.run(main(arguments.rounds))
    finally:
        server.terminate()
        server.wait()
