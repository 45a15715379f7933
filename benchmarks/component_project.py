"""A fresh `create-dagster` project with the wheel of this checkout: from nothing to the plan, and to two reports.

Run by hand: `python -m benchmarks.component_project [FOLDER]`; it downloads what the project needs from the package
index, and fails where that cannot be reached. Prints the commands from the new project to the plan with their seconds,
and the processor time of the import of `fw_assets.components` beside that of `dagster` alone. Then a second instance is
scaffolded on a Parquet asset, and both are materialized to their reports in one process. Where a Chromium is there, the
pages of PAGES are drawn into FOLDER, in light and dark. The test in fw_assets_tests/components does the same without
`dg dev`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.arguments import positional
from fw_assets_tests.browser.conftest import CHROMIUM, QUIET, free_ports
from fw_assets_tests.components.fresh_project import MARKER, SCAFFOLD, FreshProject, build_wheel

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WAIT_SECONDS = 900.0
SETTLE_SECONDS = 5
ROWS = 90
IMPORT = """
import time
began = time.process_time()
import dagster
of_dagster = time.process_time() - began
import fw_assets.components
whole = time.process_time() - began
print(f"import of fw_assets.components: {whole:.2f} s of processor time, of which dagster {of_dagster:.2f}")
"""
INSTANCE = """
# Nothing is sent anywhere, and no dialog covers the pages.
telemetry: {enabled: false}
nux: {enabled: false}
# A machine that is at work on other things loads the project slowly.
code_servers: {local_startup_timeout: 900}
"""
PAGES = {
    "graph": ("/asset-groups", ("tickets_4_delivery", "reviews_4_delivery")),
    "plan": ("/assets/tickets/plan?partition=tickets", ("Approve or reject this plan",)),
}
"""Address of each page, and the words that are on it once it is there."""
SIZES = {"graph": (2400, 1300), "plan": (1500, 1400)}


class Served:
    """The project's UI with its daemon, and an instance of Dagster that is kept."""

    def __init__(self, project: FreshProject, log: Path) -> None:
        self.project, self.log = project, log
        home = project.path / ".dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text(INSTANCE, "utf-8")
        project.environment["DAGSTER_HOME"] = str(home)

    @contextmanager
    def run(self) -> Iterator[str]:
        """Its address, while it runs."""
        (port,) = free_ports(1)
        with self.log.open("a") as log:
            process = subprocess.Popen(
                ["dg", "dev", "--port", str(port)],
                cwd=self.project.path,
                env=self.project.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come within {WAIT_SECONDS:g} s")
        time.sleep(0.5)


def has_loaded(url: str) -> bool:
    """Whether the webserver answers and has the project's definitions."""
    query = "{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}"
    try:
        answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=10).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(answer["data"]["repositoriesOrError"].get("nodes"))


def draw(url: str, folder: Path) -> None:
    """The pages as the UI shows them."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        print("no Chromium: no page is drawn")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(QUIET))
        for scheme in ("light", "dark"):
            for name, (path, parts) in PAGES.items():
                _draw(browser, scheme, url + path, parts, folder / f"{name}-{scheme}.png", SIZES[name])
        browser.close()


def _draw(
    browser: Browser, scheme: str, address: str, parts: tuple[str, ...], target: Path, size: tuple[int, int]
) -> None:
    dark = scheme == "dark"
    page = browser.new_page(color_scheme="dark" if dark else "light", viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(WAIT_SECONDS * 1000)
    # The UI keeps a socket open: the network is never idle.
    page.goto(address, wait_until="domcontentloaded")
    for part in parts:
        page.get_by_text(part).last.wait_for()
    for button in page.locator("[role=dialog] button[aria-label=Close], .bp5-dialog-close-button").all():
        button.click()
    page.get_by_text("fetching statuses").last.wait_for(state="hidden")
    page.wait_for_timeout(SETTLE_SECONDS * 1000)  # the graph moves into its place
    page.screenshot(path=str(target), animations="disabled")
    page.close()


def measure(folder: Path) -> None:
    project = FreshProject(folder, build_wheel(folder))
    project.write_data(ROWS)
    timed: list[tuple[str, float]] = []

    def run(shown: str, *command: str) -> None:
        began = time.monotonic()
        project.run(*command)
        timed.append((shown, time.monotonic() - began))

    add = f'uv add "fw-assets; {MARKER}"'
    run(add, *project.of_the_wheel(["uv", "add", f"fw-assets; {MARKER}"]))
    run("dg scaffold defs fw_assets.ClassificationWorkflow tickets", *SCAFFOLD, "tickets")
    served = Served(project, folder / "dg-dev.log")
    began = time.monotonic()
    with served.run():
        plan = project.path / "workspace" / "tickets" / "tickets" / "plan.md"
        wait_for("the plan", plan.exists)
        timed.append(("dg dev", time.monotonic() - began))
    for command, seconds in timed:
        print(f"{seconds:7.1f} s  {command}")
    print(f"{len(timed)} commands from the new project to the plan")
    print(project.run("python", "-c", IMPORT), end="")
    project.add_reviews()
    print(project.run("dg", "check", "yaml"), project.run("dg", "check", "defs"))
    project.finish_both()
    for name in ("tickets", "reviews"):
        print(f"{name}: {project.report(name).read_text('utf-8').splitlines()[0]}")
    with served.run() as url:
        wait_for("the UI", lambda: has_loaded(url))
        draw(url, folder)


def main() -> None:
    (folder,) = positional(__doc__, folder="")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        measure(Path(folder).resolve())
        return
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(temporary).resolve())


if __name__ == "__main__":
    main()
