"""A fresh `create-dagster` project with the wheel of this checkout: from nothing to the plan, and to two reports.

Run by hand: `python -m benchmarks.component_project [FOLDER]`; it downloads what the project needs from the package
index, and fails where that cannot be reached. Prints the commands from the new project to the plan with their seconds,
and the processor time of the import of `fw_assets.components` beside that of `dagster` alone. Then a second instance is
scaffolded on a Parquet asset, both are materialized to their reports in one process, and the graph is drawn into
`graph.png` where a Chromium is there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import polars as pl

from benchmarks.arguments import positional
from benchmarks.dagster_dev import REPOSITORY, clean_environment

UV = str(Path(sys.executable).with_name("uv"))
PORT = 3417
PLAN_SECONDS = 600.0
SETTLE_SECONDS = 12
"""Until the graph is laid out."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ROWS = 90
MARKER = "python_version >= '3.11'"
IMPORT = """
import time
began = time.process_time()
import dagster
of_dagster = time.process_time() - began
import fw_assets.components
whole = time.process_time() - began
print(f"import of fw_assets.components: {whole:.2f} s of processor time, of which dagster {of_dagster:.2f}")
"""
PARQUET = """
from pathlib import Path

import dagster as dg
import polars as pl


@dg.asset(key=["raw", "reviews"])
def reviews() -> pl.DataFrame:
    return pl.read_parquet(Path(__file__).parents[4] / "data" / "reviews.parquet")
"""
REVIEWS = """
type: fw_assets.ClassificationWorkflow
attributes:
  dataset: {asset: raw/reviews, text: text, label: label}
  models: [char-ngram]
  mode: benchmark
  auto_approve_up_to_usd: 0
"""
BOTH = """
import sys
from pathlib import Path

import dagster as dg
from daemon import ProjectDaemon
from fw_assets.workspace.workspace import Workspace

defs = dg.load_from_defs_folder(path_within_project=Path.cwd())
with dg.DagsterInstance.ephemeral() as instance:
    daemon = ProjectDaemon(defs, instance)
    job = defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(["raw", "reviews"])])
    sensors = [f"{name}_{sensor}" for name in ("tickets", "reviews") for sensor in ("dataset", "phases")]
    daemon.settle(*sensors)
    plan = Workspace(str(Path("workspace/tickets").resolve())).header("plan", "tickets")
    answer = {"approved_by": "ann", "plan_digest": plan.digest}
    job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(["tickets", "approval"])],
        partition_key="tickets",
        run_config={"ops": {"tickets__approval": {"config": answer}}},
    )
    daemon.settle(*sensors)
"""


class Project:
    """A project that `create-dagster` has made."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.path = folder / "shop"
        self.wheel = wheel
        self.environment = clean_environment(DAGSTER_CLI_TELEMETRY="0", UV_NO_PROGRESS="1")
        for name in ("VIRTUAL_ENV", "PYTHONPATH"):  # the wheel is tried, and not this checkout
            self.environment.pop(name, None)
        self.environment["PATH"] = f"{self.path / '.venv' / 'bin'}{os.pathsep}{self.environment['PATH']}"
        # The version that this package is tried with: an index may have the newest of its parts alone.
        creator = f"create-dagster@{version('dagster')}"
        created = ("tool", "run", creator, "project", str(self.path), "--uv-sync")
        # `create-dagster` calls uv by its name; of what is beside it here nothing else may be found.
        (folder / "bin").mkdir()
        (folder / "bin" / "uv").symlink_to(UV)
        self.environment["PATH"] += f"{os.pathsep}{folder / 'bin'}"
        subprocess.run([UV, *created], cwd=folder, env=self.environment, check=True)
        self.commands: list[tuple[str, float]] = []

    def run(self, *command: str, shown: str = "") -> None:
        began = time.monotonic()
        subprocess.run(command, cwd=self.path, env=self.environment, check=True)
        if shown:
            self.commands.append((shown, time.monotonic() - began))

    @contextmanager
    def served(self) -> Iterator[None]:
        """The UI with its daemon."""
        log = (self.path.parent / "dg-dev.log").open("w")
        process = subprocess.Popen(
            ["dg", "dev", "--port", str(PORT)],
            cwd=self.path,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


def wheel_of(folder: Path) -> Path:
    """The wheel of this checkout."""
    source = folder / "source"
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", str(folder / "dist"), str(source)], check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def write_data(project: Path) -> None:
    """The table that the scaffolded `defs.yaml` names, and the one of the asset."""
    lines = (REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines()[:ROWS]
    chats = [json.loads(line)["messages"] for line in lines]
    rows = {"text": [chat[-2]["content"] for chat in chats], "label": [chat[-1]["content"] for chat in chats]}
    (project / "data").mkdir()
    pl.DataFrame(rows).write_csv(project / "data" / "tickets.csv")
    pl.DataFrame(rows).write_parquet(project / "data" / "reviews.parquet")


def wait_for(path: Path) -> None:
    end = time.monotonic() + PLAN_SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise SystemExit(f"{path} did not come within {PLAN_SECONDS:g} s")
        time.sleep(0.5)


def draw(target: Path) -> None:
    """The asset graph as the UI shows it."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        print("no Chromium: the graph is not drawn")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        # The UI keeps a socket open: the network is never idle.
        page.goto(f"http://127.0.0.1:{PORT}/asset-groups", wait_until="domcontentloaded")
        page.wait_for_timeout(SETTLE_SECONDS * 1000)
        page.screenshot(path=str(target), animations="disabled", timeout=SETTLE_SECONDS * 10_000)
        browser.close()


def measure(folder: Path) -> None:
    project = Project(folder, wheel_of(folder))
    write_data(project.path)
    # `create-dagster` allows Python 3.10 too, for which uv would have to find versions as well.
    requirement = f"fw-assets @ {project.wheel.as_uri()} ; {MARKER}"
    project.run(UV, "add", "--quiet", requirement, shown=f'uv add "fw-assets; {MARKER}"')
    scaffold = ("dg", "scaffold", "defs", "fw_assets.ClassificationWorkflow")
    project.run(*scaffold, "tickets", shown="dg scaffold defs fw_assets.ClassificationWorkflow tickets")
    began = time.monotonic()
    with project.served():
        wait_for(project.path / "workspace" / "tickets" / "tickets" / "plan.md")
        project.commands.append(("dg dev", time.monotonic() - began))
        for command, seconds in project.commands:
            print(f"{seconds:7.1f} s  {command}")
        print(f"{len(project.commands)} commands from the new project to the plan")
    project.run("python", "-c", IMPORT)
    project.run("dg", "check", "yaml")
    defs = project.path / "src" / "shop" / "defs"
    project.run(*scaffold, "reviews")
    (defs / "reviews" / "defs.yaml").write_text(REVIEWS, "utf-8")
    (defs / "raw").mkdir()
    (defs / "raw" / "assets.py").write_text(PARQUET, "utf-8")
    project.run("dg", "check", "defs")
    shutil.copy(REPOSITORY / "fw_assets_tests" / "components" / "daemon.py", project.path)
    shutil.rmtree(project.path / "workspace")
    project.run("python", "-c", BOTH)
    for name in ("tickets", "reviews"):
        report = project.path / "workspace" / name / name / "final_report.md"
        print(f"{name}: {report.read_text('utf-8').splitlines()[0]}")
    with project.served():
        wait_for_server()
        draw(folder / "graph.png")


def wait_for_server() -> None:
    end = time.monotonic() + PLAN_SECONDS
    while time.monotonic() < end:
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/server_info", timeout=5)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return


def main() -> None:
    (folder,) = positional(__doc__, folder="")
    if folder:
        Path(folder).mkdir(parents=True)
        measure(Path(folder).resolve())
        return
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(temporary).resolve())


if __name__ == "__main__":
    main()
