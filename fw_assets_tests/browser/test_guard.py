"""A page of another site, in the same browser as the UI, tries to change something.

What it tries reaches an unguarded server, or the test would show nothing; behind the guard nothing arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from fw_assets.webserver.guard import Guard, GuardPolicy
from fw_assets_tests.browser.conftest import CHROMIUM, QUIET

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ATTACK = """<!doctype html><title>waiting</title>
<iframe name=sink></iframe><iframe id=framed></iframe>
<form id=form method=post target=sink action="TARGET/graphql?query=mutation{form}"><input name=a></form>
<form id=plain method=post enctype=text/plain target=sink action="TARGET/graphql">
<input name='{"query":"' value='"}'></form>
<script>
const target = "TARGET", tries = [];
new Image().src = target + "/graphql?query=mutation{image}";
document.getElementById("form").submit();
setTimeout(() => document.getElementById("plain").submit(), 300);
document.getElementById("framed").src = target + "/graphql?query=mutation{frame}";
const send = (path, options) => fetch(target + path, options).then(() => 0, () => 0);
tries.push(send("/graphql?query=mutation{fetch}", {mode: "no-cors"}));
tries.push(send("/graphql", {mode: "no-cors", method: "POST", body: '{"query":"mutation{text}"}'}));
tries.push(send("/graphql", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"}));
tries.push(send("/report_asset_materialization/plan", {mode: "no-cors", method: "POST", body: "{}"}));
navigator.sendBeacon(target + "/graphql?query=mutation{beacon}", "x");
tries.push(new Promise(done => {
  const socket = new WebSocket(target.replace("http", "ws") + "/graphql", "graphql-ws");
  socket.onopen = () => socket.send("mutation"); socket.onclose = socket.onerror = done; setTimeout(done, 1500);
}));
Promise.all(tries).then(() => setTimeout(() => { document.title = "done" }, 1000));
</script>"""


class Server:
    """An ASGI app on a loopback port, in a thread."""

    def __init__(self, app: ASGIApp) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._socket])), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


class Target:
    """A stand-in for the UI's server that notes what reaches it."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/{path:path}", self._answer, methods=["GET", "POST"]),
                WebSocketRoute("/{path:path}", self._listen),
            ]
        )

    async def _answer(self, request: Request) -> PlainTextResponse:
        self.reached.append(f"{request.method} {request.url.path}?{request.url.query}")
        return PlainTextResponse("reached", headers={"Access-Control-Allow-Origin": "*"})

    async def _listen(self, websocket: WebSocket) -> None:
        self.reached.append("websocket")
        await websocket.accept(subprotocol="graphql-ws")
        await websocket.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the dev extra)")
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        pytest.skip(f"there is no browser on this machine ({', '.join(CHROMIUM)})")
    # Names of other sites lead to this machine, as an attacker's DNS server may have it.
    rules = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=[*QUIET, rules])
        yield started
        started.close()


@contextlib.contextmanager
def attacked(browser: Browser, *, guarded: bool, name: str) -> Iterator[tuple[Target, str]]:
    """What reached the target after a page of another site did what it could; and the target's address by `name`."""
    target = Target()
    app: ASGIApp = Guard(target.app(), GuardPolicy()) if guarded else target.app()
    server = Server(app)
    address = f"http://{name}:{server.port}"

    async def attack(_: Request) -> HTMLResponse:
        return HTMLResponse(ATTACK.replace("TARGET", address))

    evil = Server(Starlette(routes=[Route("/", attack)]))
    try:
        page = browser.new_page()
        page.goto(f"http://evil.example:{evil.port}/")
        page.wait_for_function("document.title == 'done'", timeout=60_000)
        yield target, address
    finally:
        page.close()
        evil.stop()
        server.stop()


def test_what_a_page_tries_reaches_a_server_without_a_guard(browser: Browser) -> None:
    with attacked(browser, guarded=False, name="127.0.0.1") as (target, _):
        reached = " ".join(target.reached)
    for attempt in ("image", "form", "frame", "fetch", "beacon", "report_asset_materialization", "websocket"):
        assert attempt in reached


def test_nothing_of_it_passes_the_guard(browser: Browser) -> None:
    with attacked(browser, guarded=True, name="127.0.0.1") as (target, address):
        assert target.reached == []
        page = browser.new_page()
        assert page.goto(f"{address}/runs")
        own = """async () => (await fetch("/graphql", {method: "POST", body: "{}",
                 headers: {"Content-Type": "application/json"}})).status"""
        assert page.evaluate(own) == 200
        assert (
            {"GET /runs?", "POST /graphql?"}
            <= set(target.reached)
            <= {"GET /runs?", "POST /graphql?", "GET /favicon.ico?"}
        )
        page.close()


def test_a_name_that_is_pointed_to_this_machine_is_refused(browser: Browser) -> None:
    """Rebinding: the page's own name comes to mean this machine, so for the browser it is one site."""
    with attacked(browser, guarded=True, name="rebound.example") as (target, address):
        page = browser.new_page()
        response = page.goto(f"{address}/")
        assert response is not None
        assert response.status == 400
        own = """async () => (await fetch("/graphql", {method: "POST", body: "{}",
                 headers: {"Content-Type": "application/json"}})).status"""
        assert page.evaluate(own) == 400
        assert target.reached == []
        page.close()
