"""A real `dagster dev` at the shipped settings, in a folder of its own: started, queried, killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from fw_assets.workspace.workspace import Workspace

REPOSITORY = Path(__file__).parents[1]
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings of this program, so that nothing is asked of a service, and with `more`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
    paths = [str(REPOSITORY), *filter(None, [inherited.get("PYTHONPATH")])]
    return inherited | {"PYTHONPATH": os.pathsep.join(paths)} | more


class DagsterDev:
    """A workspace, an inbox, the shipped `dagster.yaml` and `workspace.yaml`, and the processes over them."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(REPOSITORY / name, folder)
        self.workspace = folder / "workspace"
        self.inbox = self.workspace / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.store = Workspace(str(self.workspace))
        self.environment = clean_environment(FW_WORKSPACE=str(self.workspace), **environment)
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start `dagster dev` and wait until it answers with the code location loaded."""
        with (self.folder / "dagster.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dagster", "dev", "--port", str(self.port), "--workspace", "workspace.yaml"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
        self.wait_until(lambda: bool(self.query(query, quiet=True).get("repositoriesOrError", {}).get("nodes")), 400)

    def stop(self) -> None:
        """End everything that was started here, run workers too."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        for pid in self.processes():
            _kill(pid)
        self.process.wait()
        self.process = None

    def kill(self, *pids: int) -> None:
        """SIGKILL to these processes, or to all that work in this folder but the platform's job workers."""
        for pid in pids or [pid for pid in self.processes() if "embedded.jobs.worker" not in command(pid)]:
            _kill(pid)

    def processes(self) -> list[int]:
        """The processes that work in this folder, however they were started."""
        return processes_in(self.workspace)

    def processor_seconds(self) -> float:
        """What the processes of this folder and their ended children have used so far."""
        ticks = 0
        for pid in self.processes():
            with suppress(OSError):
                # User and system time, its own and that of the children it has waited for: the fields 14 to 17.
                fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def query(self, text: str, variables: dict[str, Any] | None = None, *, quiet: bool = False) -> dict[str, Any]:
        """The `data` of the web server's GraphQL response; empty where nobody responds and `quiet`."""
        try:
            response = httpx.post(
                f"http://127.0.0.1:{self.port}/graphql", json={"query": text, "variables": variables or {}}, timeout=60
            )
            return response.json().get("data") or {}
        except (httpx.HTTPError, ValueError):
            if quiet:
                return {}
            raise

    def launch(self, job: str, assets: list[str], partition: str, config: dict[str, Any]) -> str:
        """Launch a run as the launchpad does, and return its id."""
        params = {
            "selector": {
                "repositoryLocationName": "fw_assets",
                "repositoryName": "__repository__",
                "pipelineName": job,
                "assetSelection": [{"path": [asset]} for asset in assets],
            },
            "runConfigData": config,
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        }
        launch = self.query(LAUNCH, {"params": params})["launchPipelineExecution"]
        if launch["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(str(launch))
        return str(launch["run"]["runId"])

    def approve(self, dataset: str, by: str = "ann") -> str:
        """Approve the plan in the launchpad."""
        planned = Workspace(str(self.workspace)).header("plan", dataset)
        answer = {"approved_by": by, "plan_digest": planned.digest if planned else ""}
        return self.launch("approve_plan", ["approval"], dataset, {"ops": {"approval": {"config": answer}}})

    def drop(self, name: str, rows: str, session: str) -> None:
        """Put a dataset and its session into the inbox, the data last."""
        (self.inbox / f"{name}.session.yaml").write_text(session, "utf-8")
        (self.inbox / f"{name}.jsonl").write_text(rows, "utf-8")

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The instance of this folder; its paths are relative to the current folder."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with dg.DagsterInstance.from_config(str(self.folder)) as instance:
                yield instance
        finally:
            os.chdir(before)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Wait for a condition, and return how many seconds it took.

        Raises:
            TimeoutError: it did not become true.
        """
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"not within {seconds:g} s; see {self.folder / 'dagster.log'}")
            time.sleep(0.05)
        return time.monotonic() - started


def processes_in(workspace: Path) -> list[int]:
    """The processes but this one that have a workspace in their environment."""
    mark = f"FW_WORKSPACE={workspace}".encode()
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    pids.append(int(entry.name))
            except OSError:
                continue
    return pids


def command(pid: int) -> str:
    """The command line of a process; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])
