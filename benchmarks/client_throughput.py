"""Chat requests per second over a real socket: our client beside aiohttp alone, plain httpx and fireworks-ai.

    python -m benchmarks.client_throughput [--rounds N] [--uvloop]

Our client and aiohttp alone are taken turn by turn in short rounds, in one process and one event loop, against a
trivial server in another process. A ratio is formed within each pair of neighbouring rounds, so that other work on
the machine falls on both sides; what is shown is the median of these ratios with its quartiles. aiohttp alone sends
the same bytes and the same headers, encoded and decoded by msgspec. The others get fewer rounds.
`fireworks-ai` is measured when it is installed.
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
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import httpx
import msgspec

from fw_assets.fireworks import Fireworks

URL = "http://127.0.0.1"
"""Completed with a free port when the server is started."""

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
            async with session.post(f"{URL}/inference/v1/chat/completions", data=msgspec.json.encode(BODY)) as response:
                return msgspec.json.decode(await response.read())

        yield call


@asynccontextmanager
async def ours() -> AsyncIterator[Call]:
    async with Fireworks(base_url=URL, api_key="k", account_id="acme") as client:
        yield lambda: client.chat(BODY)


@asynccontextmanager
async def plain_httpx() -> AsyncIterator[Call]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits) as client:

        async def call() -> object:
            return (await client.post(f"{URL}/inference/v1/chat/completions", json=BODY)).json()

        yield call


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


CLIENTS: dict[str, Callable[[], AbstractAsyncContextManager[Call]]] = {
    "aiohttp alone": aiohttp_alone,
    "fw_assets": ours,
    "plain httpx": plain_httpx,
    "fireworks-ai": official_sdk,
}
ALONE, OURS, *SLOWER = CLIENTS
EVERY = 8
"""Slower clients take part in one round of so many."""


async def compare(concurrency: int, rounds: int) -> dict[str, list[tuple[Round, Round]]]:
    """Of each client its rounds, each with the neighbouring round of aiohttp alone."""
    pairs: dict[str, list[tuple[Round, Round]]] = {}
    async with AsyncExitStack() as stack:
        calls = {}
        for name, open_client in CLIENTS.items():
            try:
                calls[name] = await stack.enter_async_context(open_client())
            except ImportError:
                continue
            await take(calls[name], concurrency, 2 * concurrency)
        requests = max(200, 4 * concurrency)
        for number in range(rounds):
            # First one and then the other begins, so that what drifts during a pair falls on both.
            order = (ALONE, OURS) if number % 2 else (OURS, ALONE)
            found = {name: await take(calls[name], concurrency, requests) for name in order}
            pairs.setdefault(OURS, []).append((found[OURS], found[ALONE]))
            if number % EVERY == 0:
                for name in SLOWER:
                    if name in calls:
                        slow = await take(calls[name], concurrency, max(50, 2 * concurrency))
                        pairs.setdefault(name, []).append((slow, found[ALONE]))
    return {ALONE: [(alone, alone) for _, alone in pairs[OURS]], **pairs}


async def main(rounds: int) -> None:
    """Prints one line per concurrency and client."""
    print("| at a time | client | requests/s | ratio to aiohttp alone (quartiles) | processor ms | ratio | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    for concurrency in (1, 8, 64):
        for name, pairs in (await compare(concurrency, rounds)).items():
            slower = spread([alone.rate / own.rate for own, alone in pairs])
            dearer = spread([own.cpu / alone.cpu for own, alone in pairs])
            rate, p99, cpu = (statistics.median(column) for column in zip(*(own for own, _ in pairs), strict=True))
            print(f"| {concurrency} | {name} | {rate:.0f} | {slower} | {cpu:.2f} | {dearer} | {p99:.0f} |", flush=True)


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
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--uvloop", action="store_true")
    given = parser.parse_args()
    port = free_port()
    URL = f"{URL}:{port}"
    # Connections stay open while their client has no turn.
    options = [f"--port={port}", "--log-level=error", "--no-access-log", "--timeout-keep-alive=3600"]
    app_path = "benchmarks.client_throughput:app"
    server = subprocess.Popen([sys.executable, "-m", "uvicorn", app_path, *options])
    try:
        wait_for_server(port)
        if given.uvloop:
            import uvloop

            uvloop.run(main(given.rounds))
        else:
            asyncio.run(main(given.rounds))
    finally:
        server.terminate()
        server.wait()
