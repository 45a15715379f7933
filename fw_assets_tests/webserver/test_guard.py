"""What reaches the app behind the guard, and what does not."""

from __future__ import annotations

import base64

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from fw_assets.webserver.guard import Guard, GuardPolicy

JSON = {"Content-Type": "application/json"}
EVIL = "http://evil.example"
MUTATION = "/graphql?query=mutation%7BlaunchRun%7D"
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("reached")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("reached")
    await websocket.close()


def client(policy: GuardPolicy | None = None, peer: str = "127.0.0.1") -> TestClient:
    routes = [
        Route("/{path:path}", answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE"]),
        WebSocketRoute("/graphql", echo),
    ]
    app = Guard(Starlette(routes=routes), policy or GuardPolicy())
    return TestClient(app, base_url="http://127.0.0.1:3000", client=(peer, 5000))


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "LOCALHOST"])
def test_the_person_at_the_ui_is_let_through(host: str) -> None:
    ui = client()
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert ui.get("/", headers={"Host": host}).text == "reached"
    assert ui.get("/runs", headers={"Host": host, "Sec-Fetch-Site": "none"}).text == "reached"
    assert ui.post("/graphql", headers=own | JSON, content="{}").text == "reached"
    assert (
        ui.post("/graphql", headers={"Host": host} | JSON, content="{}").text == "reached"
    )  # a script on this machine


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example",
        "localhost.",
        "",
        "[",
        "127.0.0.1@evil",
        "evil@127.0.0.1",
    ],
)
def test_another_name_for_this_machine_is_refused(host: str) -> None:
    answer = client().post("/graphql", headers={"Host": host} | JSON, content="{}")
    assert (answer.status_code, "--allow-host" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "https://127.0.0.1:3000.evil.example"},
        {"Origin": "file://"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_page_sends_is_refused(headers: dict[str, str]) -> None:
    ui = client()
    assert ui.post("/graphql", headers={**headers, **JSON}, content="{}").status_code == 403
    assert ui.get("/report", headers=headers).status_code == 403
    host = {"Host": "127.0.0.1:3000"}
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        ui.websocket_connect("/graphql", headers=host | headers) as socket,
    ):
        socket.receive_text()
    assert closed.value.code == 1008


def test_a_link_on_another_page_may_open_the_ui_but_not_ask_it_anything() -> None:
    ui = client()
    assert ui.get("/runs", headers=NAVIGATION).text == "reached"
    assert ui.get(MUTATION, headers=NAVIGATION).status_code == 403
    assert ui.get("/runs", headers={**NAVIGATION, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert ui.post("/runs", headers={**NAVIGATION, **JSON}, content="{}").status_code == 403
    assert ui.get("/runs").headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", [MUTATION, "/graphql/?query=x", "/GraphQL?query=x", "/graphql?a=1&query="])
def test_graphql_is_never_asked_by_get(path: str) -> None:
    assert client().get(path).status_code == 405


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_changes_nothing(kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    for path in (MUTATION, "/report_asset_materialization/plan"):
        assert client().post(path, headers=headers, content="query=mutation").status_code == 415


def test_the_ui_s_own_websocket_is_let_through() -> None:
    own = {"Host": "127.0.0.1:3000", "Origin": "http://127.0.0.1:3000"}
    with client().websocket_connect("/graphql", headers=own) as socket:
        assert socket.receive_text() == "reached"


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()}


def test_a_password_is_asked_for() -> None:
    ui = client(GuardPolicy(hosts=("ui.example",), password="open sesame"))
    host = {"Host": "ui.example"}
    asked = ui.get("/", headers=host)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="fw-assets"')
    assert ui.get("/", headers=host | basic("open")).status_code == 401
    for broken in ("Basic", "Basic !!", "Bearer open sesame", "Basic " + base64.b64encode(b"open sesame").decode()):
        assert ui.get("/", headers=host | {"Authorization": broken}).status_code == 401
    assert ui.get("/", headers=host | basic("open sesame")).text == "reached"
    with pytest.raises(WebSocketDisconnect), ui.websocket_connect("/graphql", headers=host) as socket:
        socket.receive_text()


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("10.0.0.5", {"X-Forwarded-User": "ada"}, 200),
        ("10.0.0.5", {}, 403),
        ("10.0.0.5", {"X-Forwarded-User": " "}, 403),
        ("10.0.1.5", {"X-Forwarded-User": "ada"}, 403),
        ("unknown", {"X-Forwarded-User": "ada"}, 403),
    ],
)
def test_a_reverse_proxy_names_the_user(peer: str, headers: dict[str, str], status: int) -> None:
    policy = GuardPolicy(hosts=("ui.example",), proxy_header="X-Forwarded-User", proxies=("10.0.0.0/24", "::1"))
    assert client(policy, peer).get("/", headers={"Host": "ui.example", **headers}).status_code == status
