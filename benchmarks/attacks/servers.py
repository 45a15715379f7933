"""Hostile servers on loopback: each connection is answered with whatever bytes an attack needs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from fw_assets_tests.fireworks.conftest import wait_until

TIMEOUT_SECONDS = 30.0


@dataclass
class RawServer:
    """A TCP server whose `answer` writes what it likes; keeps the heads of the requests.

    Attributes:
        answer: is called with a connection and the request's head, and closes by returning.
    """

    answer: Callable[[socket.socket, bytes], None]
    heads: list[bytes] = field(default_factory=list)
    url: str = ""

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(TIMEOUT_SECONDS)
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            self.heads.append(head)
            self.answer(connection, head)

    @contextmanager
    def started(self) -> Iterator[RawServer]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
            try:
                yield self
            finally:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)


def http(body: bytes | Any = b"{}", status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """A response; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def always(*parts: bytes) -> Callable[[socket.socket, bytes], None]:
    """Send these bytes, whatever is asked."""

    def answer(connection: socket.socket, head: bytes) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """An ASGI app on loopback in a thread of its own, as its base URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
