"""What a page of another site can send to the UI, sent without a browser: plain HTTP and websockets.

`fw-assets ui` as users start it, with a plan that waits for approval; at the end nothing has been approved.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import websockets

from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.trial import Trial, wait_until
from fw_assets.exit_codes import DONE
from fw_assets_tests.browser.conftest import Ui

EVIL = "http://evil.example"
START_SECONDS = 300.0
JSON = {"Content-Type": "application/json"}
LAUNCH = """mutation { launchRun(executionParams: {selector: {repositoryLocationName: "fw_assets",
repositoryName: "__repository__", pipelineName: "approve_plan"}, runConfigData: "{ops: {approval: {config:
{approved_by: evil, plan_digest: DIGEST}}}}", executionMetadata: {tags: [{key: "dagster/partition",
value: "tickets"}]}}) { __typename } }"""


def cross_site(attacks: Attacks) -> None:
    """Every request is refused before Dagster sees it; a person's own still works."""
    ui = Ui(attacks.new_folder("ui"))
    try:
        trial = Trial(ui.folder)
        planned = trial.finish("plan", str(trial.data), "--model", "char-ngram")
        require(planned.code == DONE, f"no plan: {planned.message}")
        digest = json.loads((ui.workspace / "tickets" / "assets" / "plan.json").read_text("utf-8"))["digest"]
        require(wait_until(ui.is_up, START_SECONDS, every=1.0), f"the UI does not start: {ui.log_tail()[-300:]}")
        launch = LAUNCH.replace("DIGEST", digest)
        for name, request in _requests(ui.url, launch):
            with attacks.attack(name), httpx.Client(timeout=60) as browser:
                response = browser.send(request)
                require(response.status_code in (400, 403, 405, 415), f"answered with {response.status_code}")
                require("__typename" not in response.text and "repositories" not in response.text, "it was executed")
        for name, headers in _sockets():
            with attacks.attack(f"a websocket {name}"):
                require(not asyncio.run(_connects(ui.url, headers)), "was accepted")
        with attacks.attack("nothing was approved or started"):
            require(not (ui.workspace / "tickets" / "approvals.jsonl").exists(), "the plan was answered")
            query = "{runsOrError {... on Runs {results {jobName}}}}"
            own = httpx.post(f"{ui.url}/graphql", json={"query": query}, timeout=60).json()
            jobs = [run["jobName"] for run in own["data"]["runsOrError"]["results"]]
            require("approve_plan" not in jobs, "a run was launched")
        with attacks.attack("a person's own websocket still opens"):
            own_headers = {"Origin": ui.url}
            require(asyncio.run(_connects(ui.url, own_headers)), "the UI's own was refused")
    finally:
        ui.stop()


def _requests(url: str, launch: str) -> Iterator[tuple[str, httpx.Request]]:
    body = json.dumps({"query": launch})
    query = f"{url}/graphql?query={quote(launch)}"
    image = {
        "Accept": "image/*",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "no-cors",
        "Sec-Fetch-Dest": "image",
    }

    def post(content: Any, **headers: str) -> httpx.Request:
        return httpx.Request(
            "POST", f"{url}/graphql", content=content, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    yield "an image", httpx.Request("GET", query, headers=image | {"Referer": EVIL})
    yield "an image of an old browser", httpx.Request("GET", query, headers={"Accept": "image/*", "Referer": EVIL})
    yield (
        "a link",
        httpx.Request(
            "GET",
            query,
            headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        ),
    )
    yield (
        "a frame",
        httpx.Request(
            "GET",
            f"{url}/",
            headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        ),
    )
    yield "HEAD", httpx.Request("HEAD", query)
    yield "a query by GET with a slash", httpx.Request("GET", f"{url}/graphql/?query={quote(launch)}")
    yield "a query by GET in capitals", httpx.Request("GET", f"{url}/GRAPHQL?query={quote(launch)}")
    yield "a form", post(urlencode({"query": launch}), Content_Type="application/x-www-form-urlencoded", Origin=EVIL)
    yield (
        "a form of an old browser",
        post(urlencode({"query": launch}), Content_Type="application/x-www-form-urlencoded"),
    )
    yield "a form of plain text", post(body, Content_Type="text/plain", Origin=EVIL)
    yield "a form of plain text of an old browser", post(body, Content_Type="text/plain")
    yield "a form of parts", post(b"--x\r\n\r\n--x--", Content_Type="multipart/form-data; boundary=x")
    yield "no content type", post(body)
    yield "a beacon", post(body, Content_Type="text/plain;charset=UTF-8", Origin=EVIL, Sec_Fetch_Site="cross-site")
    yield "fetch with JSON", post(body, Content_Type="application/json", Origin=EVIL)
    yield "fetch from a sandbox", post(body, Content_Type="application/json", Origin="null")
    yield "fetch from a file", post(body, Content_Type="application/json", Origin="file://")
    yield "fetch from a sister site", post(body, Content_Type="application/json", Sec_Fetch_Site="same-site")
    yield "fetch from another port", post(body, Content_Type="application/json", Origin="http://127.0.0.1:1")
    yield (
        "fetch from a name that begins alike",
        post(body, Content_Type="application/json", Origin=f"{url}.evil.example"),
    )
    yield (
        "fetch from a name with a user",
        post(body, Content_Type="application/json", Origin="http://127.0.0.1@evil.example"),
    )
    yield (
        "fetch over https",
        post(body, Content_Type="application/json", Origin=url.replace("http:", "https:"), Sec_Fetch_Site="cross-site"),
    )
    yield "two content types", post(body, Content_Type="text/plain, application/json")
    yield (
        "a preflight",
        httpx.Request("OPTIONS", f"{url}/graphql", headers={"Origin": EVIL, "Access-Control-Request-Method": "POST"}),
    )
    for host in (
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "0.0.0.0",
        "[::]",
    ):
        yield f"the name {host!r}", post(body, Content_Type="application/json", Host=host)
    for path in (
        "report_asset_materialization/plan",
        "report_asset_check/plan",
        "upload_debug_file",
        "download_debug/x",
    ):
        yield f"/{path}", httpx.Request("POST", f"{url}/{path}", content=b"{}", headers={"Origin": EVIL, **JSON})


def _sockets() -> Iterator[tuple[str, dict[str, str]]]:
    yield "of another site", {"Origin": EVIL}
    yield "of a sandbox", {"Origin": "null"}
    yield "of another port", {"Origin": "http://127.0.0.1:1"}
    yield "of a file", {"Origin": "file://"}
    yield "under another name", {"Host": "evil.example", "Origin": "http://evil.example"}
    yield "of a sister site", {"Sec-Fetch-Site": "same-site"}


async def _connects(url: str, headers: dict[str, str]) -> bool:
    try:
        async with websockets.connect(
            url.replace("http", "ws") + "/graphql",
            additional_headers={name: value for name, value in headers.items() if name != "Origin"},
            origin=websockets.Origin(headers["Origin"]) if "Origin" in headers else None,
            subprotocols=[websockets.Subprotocol("graphql-ws")],
            open_timeout=30,
        ):
            return True
    except (websockets.WebSocketException, OSError):
        return False
