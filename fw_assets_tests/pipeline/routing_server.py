"""A server with a router in front of an embedded platform: what no platform of this project has of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

from fw_assets_tests.embedded.conftest import Client


class RoutingServer(ThreadingHTTPServer):
    """Passes every request on to the platform, those that name `router` as ones for `model`, and keeps what names it.

    Attributes:
        answers_chats: whether the router does; one of decision models does not.
        undecided: names of models that answer no decisions.
    """

    daemon_threads = True

    def __init__(self, account: Client, router: str, model: str, *, answers_chats: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.account, self.router, self.model, self.answers_chats = account, router, model, answers_chats
        self.undecided = set[str]()
        self.asked: list[str] = []
        """Paths of the requests for the router."""
        self.named = set[str]()
        """Models that requests name."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: RoutingServer
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

    def _pass_on(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {"Authorization": f"Bearer {self.server.account.key}"}
        if "Content-Type" in self.headers:
            sent["Content-Type"] = self.headers["Content-Type"]
        options: dict[str, Any] = {"content": content}
        status, headers, data = 0, {}, b""
        if self.command == "POST" and content[:1] == b"{":
            body = json.loads(content)
            if "model" in body:
                self.server.named.add(body["model"])
            if body.get("model") in self.server.undecided and self.path.endswith("/systemone"):
                status, data = 400, json.dumps({"error": {"message": "this model answers chats"}}).encode()
            if body.get("model") == self.server.router:
                self.server.asked.append(self.path)
                if self.path.endswith("/chat/completions") and not self.server.answers_chats:
                    status, data = 400, json.dumps({"error": {"message": "this model answers decisions"}}).encode()
                options = {"json": {**body, "model": self.server.model}}
        if not status:
            response = self.server.account.send(self.command, self.path, headers=sent, **options)
            status, data = response.status_code, response.content
            headers = {
                name: response.headers[name] for name in ("Content-Type", "Retry-After") if name in response.headers
            }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = do_PATCH = _pass_on

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def routing_server(account: Client, router: str, model: str, *, answers_chats: bool = True) -> Iterator[RoutingServer]:
    with RoutingServer(account, router, model, answers_chats=answers_chats) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
