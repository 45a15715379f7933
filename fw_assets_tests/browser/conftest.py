"""`fw-assets ui` as `make ui` starts it, and a browser in front of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 600.0
"""Every wait ends when its condition holds; only a busy machine needs this long."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


class Ui:
    """A running `fw-assets ui` in an empty folder, with a workspace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder, folder / "workspace"
        self.inbox = self.workspace / "inbox"
        self.inbox.mkdir(parents=True)
        port, files = free_ports(2)
        self.url, self.files = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{files}/workspace"
        self.log = folder / "dagster.log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
        self.environment = {
            **kept,
            "FW_WORKSPACE": str(self.workspace),
            "FW_PORT": str(files),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
        }
        self.processes = [
            self.start("fw_assets", "ui", "--port", str(port)),
        ]

    def start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            assert all(process.poll() is None for process in self.processes), self.log_tail()
            assert time.monotonic() < end, f"no {what}\n{self.log_tail()}"
            time.sleep(0.3)

    def log_tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-4000:]

    def is_up(self) -> bool:
        """The webserver answers and has loaded the code location."""
        query = "{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}"
        try:
            response = httpx.post(f"{self.url}/graphql", json={"query": query}, timeout=10).json()
            return bool(response["data"]["repositoriesOrError"].get("nodes"))
        except (httpx.HTTPError, ValueError):
            return False

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            # What it started belongs to its session and goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class Watcher:
    """Errors that the browser reports, and requests that it sends to other hosts."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.foreign_requests: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.location.get('url', '')}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.foreign_requests.append(request.url)


@pytest.fixture
def page() -> Iterator[Page]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the dev extra)")
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        pytest.skip(f"there is no browser on this machine ({', '.join(CHROMIUM)})")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(TIMEOUT_SECONDS * 1000)
        playwright.expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
        yield page
        browser.close()


@pytest.fixture
def ui(page: Page, tmp_path: Path) -> Iterator[Ui]:
    """Started after the browser, so that a machine without one starts nothing."""
    started = Ui(tmp_path)
    try:
        started.wait_until(started.is_up, "UI")
        yield started
    finally:
        started.stop()
