"""Chat requests per second over a real socket: our client beside aiohttp alone, plain httpx and fireworks-ai.

    python -m fw_assets_tests.benchmarks.client_throughput [SECONDS]

The server is trivial and shares the machine, so requests per second say what this machine does as a whole;
processor time per request says what the client costs. `fireworks-ai` is measured when it is installed.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import httpx

from fw_assets.fireworks import Fireworks

PORT = 8977
URL = f"http://127.0.0.1:{PORT}"
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
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> object:
            async with session.post(f"{URL}/inference/v1/chat/completions", json=BODY) as response:
                return json.loads(await response.read())

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


async def measure(call: Call, concurrency: int, seconds: float) -> tuple[float, float, float]:
    """Requests per second, 99th percentile of the latency in ms, processor ms per request."""
    await asyncio.gather(*(call() for _ in range(concurrency)))
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def worker() -> None:
        while (begun := time.perf_counter()) < end:
            await call()
            latencies.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    passed, used = time.perf_counter() - begun, time.process_time() - cpu
    count = len(latencies)
    return count / passed, sorted(latencies)[int(count * 0.99)] * 1e3, used / count * 1e3


async def main(seconds: float) -> None:
    """Prints one line per client and concurrency, with the ratio to aiohttp alone."""
    clients: dict[str, Callable[[], AbstractAsyncContextManager[Call]]] = {
        "aiohttp alone": aiohttp_alone,
        "fw_assets": ours,
        "plain httpx": plain_httpx,
        "fireworks-ai": official_sdk,
    }
    for concurrency in (1, 8, 64):
        best = 0.0
        for name, open_client in clients.items():
            try:
                async with open_client() as call:
                    rate, p99, cpu = await measure(call, concurrency, seconds)
            except ImportError:
                continue
            best = best or rate
            print(
                f"{concurrency:3}  {name:14} {rate:6.0f} requests/s  {best / rate:5.1f}x  "
                f"p99 {p99:7.1f} ms  {cpu:5.2f} ms of processor",
                flush=True,
            )


def wait_for_server() -> None:
    """Returns when the port accepts a connection."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)


if __name__ == "__main__":
    command = [sys.executable, "-m", "uvicorn", "fw_assets_tests.benchmarks.client_throughput:app"]
    server = subprocess.Popen([*command, f"--port={PORT}", "--log-level=error", "--no-access-log"])
    try:
        wait_for_server()
        asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
    finally:
        server.terminate()
        server.wait()
