"""A large upload goes on where a dropped connection left it, against the embedded platform over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from fw_assets.embedded import ACCOUNT, api_key, create_app
from fw_assets.fireworks import Backoff, Dataset, Fireworks, RetryPolicy

from .conftest import Serve, wait_until

SOON = Backoff(first=0.1, growth=1, longest=0.1, budget=30)
RETRY_POLICY = RetryPolicy(transient=SOON, throttled=SOON, scaling=SOON)
LIMIT = 1 << 20


class BreakingProxy:
    """A proxy that breaks a connection once it has carried so many bytes to the server, once per number in `cuts`."""

    def __init__(self, port: int, cuts: Sequence[int]) -> None:
        self._port = port
        self._cuts = list(cuts)
        self._connections: list[asyncio.Task[None]] = []
        self.carried = 0

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._carry(reader, writer)))

    async def ended(self) -> None:
        """Waits for every connection to be closed."""
        await asyncio.gather(*self._connections)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._carry_back(there, writer))
        here = 0
        while data := await reader.read(1 << 16):
            if self._cuts and here + len(data) > self._cuts[0]:
                onward.write(data[: self._cuts.pop(0) - here])
                await onward.drain()
                writer.transport.abort()
                break
            here += len(data)
            self.carried += len(data)
            onward.write(data)
            await onward.drain()
        onward.close()
        await back
        writer.close()

    async def _carry_back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await there.read(1 << 16):
                writer.write(data)
                await writer.drain()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    answer = {"role": "assistant", "content": "billing"}
    row = json.dumps({"messages": [{"role": "user", "content": "refund " * 1000}, answer]})
    path.write_text((row + "\n") * 1200)
    return path


def upload(home: Path, serve: Serve, path: Path, cuts: Sequence[int]) -> tuple[Dataset, int]:
    """The dataset, and the bytes that went towards the platform in all."""
    port = int(serve(create_app(home)).rsplit(":", 1)[1])

    async def run() -> tuple[Dataset, int]:
        proxy = BreakingProxy(port, cuts)
        async with await asyncio.start_server(proxy, "127.0.0.1") as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            client = Fireworks(
                base_url=url,
                api_key=api_key(home),
                account_id=ACCOUNT,
                retry_policy=RETRY_POLICY,
                direct_upload_limit=LIMIT,
            )
            async with client:
                dataset = await client.ensure_dataset("d", path, rows=1200)
                copy = await client.download_dataset("d", path.with_name("copy.jsonl"))
            await proxy.ended()
        assert copy.read_bytes() == path.read_bytes()
        return dataset, proxy.carried

    return asyncio.run(run())


@pytest.mark.parametrize("cuts", [[], [4_000_000], [3_000_000, 4_000_000]])
def test_what_has_arrived_is_not_sent_again(tmp_path: Path, serve: Serve, path: Path, cuts: list[int]) -> None:
    dataset, carried = upload(tmp_path / "home", serve, path, cuts)
    assert dataset.ready
    size = path.stat().st_size
    assert carried < size + 300_000 * (1 + len(cuts)), f"{carried} bytes for a file of {size}"


def test_the_storage_waits_for_the_end_of_a_connection_that_is_being_lost(tmp_path: Path, serve: Serve) -> None:
    """A busy machine may ask how much has arrived before the server knows that the connection is gone."""
    home = tmp_path / "home"
    base = serve(create_app(home))
    at = f"{base}/v1/accounts/{ACCOUNT}/datasets"
    with httpx.Client(headers={"X-Api-Key": api_key(home)}) as client, socket.socket() as losing:
        client.post(at, json={"datasetId": "d", "dataset": {"exampleCount": "3", "userUploaded": {}}})
        offer = client.post(f"{at}/d:getUploadEndpoint", json={"filenameToSize": {"f.jsonl": "1000"}})
        url = httpx.URL(offer.json()["filenameToSignedUrls"]["f.jsonl"])
        losing.connect((url.host, url.port))
        losing.sendall(f"PUT {url.raw_path.decode()} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
        losing.sendall(b"x" * 400)
        wait_until(lambda: list(home.glob("datasets/d/.f.jsonl.*")))
        threading.Timer(0.3, losing.shutdown, [socket.SHUT_RDWR]).start()
        status = client.put(url, headers={"Content-Range": "bytes */1000"})
    assert (status.status_code, status.headers["range"]) == (308, "bytes=0-399")
