"""The workflow on several machines: two executors that share no folder, Postgres, and an S3-compatible store.

Each "machine" is a set of processes with a working directory, a home, a temporary folder and a `DAGSTER_HOME` of its
own; all of them read the configuration that docs/deployment shows. They meet in Postgres, in the store, and at the
embedded platform, which one of them serves over HTTP.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import fsspec
import pytest

from fw_assets.embedded import api_key, counts
from fw_assets.pipeline.run_tags import MACHINE_TAG
from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.object_store import BUCKET, object_store
from fw_assets_tests.pipeline.postgres import free_port, postgres
from fw_assets_tests.project import EXAMPLES

DEPLOYMENT = Path(__file__).parents[3] / "docs" / "deployment"
ROOT = f"s3://{BUCKET}/work"
SESSION = "models: [char-ngram, minilm-ngram]\nfinalists: 1\nauto_approve_up_to_usd: 0\n"
COMMAND = (
    *("celery", "-A", "dagster_celery.app", "worker"),
    *("--prefetch-multiplier", "1", "--concurrency", "1", "--loglevel", "INFO"),
)
MAKE_QUEUE = "import sys, kombu; kombu.Connection(sys.argv[1]).SimpleQueue('dagster')"
WORKERS = ("one", "two")
PATIENCE_SECONDS = 280.0
MADE = 4
"""The jobs and models of one finalist, whose grid has four cells."""
UNFINISHED = dg.RunsFilter(
    statuses=[
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.NOT_STARTED,
    ]
)


@dataclass
class Machines:
    """Machines that have nothing in common but `shared`, their environment."""

    folder: Path
    shared: dict[str, str]
    held: ExitStack = field(default_factory=ExitStack)

    def home(self, machine: str) -> Path:
        """The folder that holds all that a machine has."""
        folder = self.folder / machine
        for part in ("cwd", "home", "tmp", "dagster"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        shutil.copy(DEPLOYMENT / "dagster.yaml", folder / "dagster")
        return folder

    def environment(self, machine: str) -> dict[str, str]:
        """What its processes see."""
        folder = self.home(machine)
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        own: dict[str, object] = {
            "FW_MACHINE": machine,
            "HOME": folder / "home",
            "TMPDIR": folder / "tmp",
            "DAGSTER_HOME": folder / "dagster",
        }
        code = {"PYTHONPATH": str(Path(__file__).parents[3])}
        return {**kept, **code, **self.shared, **{key: str(value) for key, value in own.items()}}

    def start(self, machine: str, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """A process on a machine until the end of the test; it prints to `log` there."""
        folder = self.home(machine)
        log = self.held.enter_context((folder / "log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder / "cwd",
            env=self.environment(machine) | more,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.held.callback(_ended, process)
        return process

    def log(self, machine: str) -> str:
        """What its processes printed."""
        return (self.folder / machine / "log").read_text("utf-8", "replace")


def _ended(process: subprocess.Popen[bytes]) -> None:
    """End a process with those that it started; what it would do in order is not waited for."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def machines(folder: Path) -> Iterator[Machines]:
    """Machines with a database, a store and a platform to meet at."""
    for name in ("dagster_postgres", "dagster_celery"):
        pytest.importorskip(name, reason=f"growing past one machine needs {name}: pip install '.[dev]'")
    with postgres() as database, object_store() as store, ExitStack() as held:
        port = free_port()
        shared = {
            "FW_WORKSPACE": ROOT,
            "FW_POSTGRES_URL": database,
            "FW_CELERY_BROKER": f"sqla+{database}",
            "FW_CELERY_RESULTS": f"db+{database}",
            "FW_EMBEDDED_URL": f"http://127.0.0.1:{port}",
            "FIREWORKS_API_KEY": api_key(folder / "platform" / "state"),
            **store.environment,
        }
        found = Machines(folder, shared, held)
        found.start(
            "platform", "fw_assets", "serve", "--port", str(port), FW_PLATFORM_HOME=str(folder / "platform" / "state")
        )
        yield found


def test_two_executors_that_share_no_folder_take_a_dataset_to_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machines(tmp_path) as network:
        inbox = network.home("head") / "inbox"
        inbox.mkdir()
        lines = EXAMPLES.read_text("utf-8").splitlines(keepends=True)[:160]
        (inbox / "tickets.session.yaml").write_text(SESSION, "utf-8")
        (inbox / "tickets.jsonl").write_text("".join(lines), "utf-8")
        for name, value in network.environment("project").items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        # Tables are made before there are two processes, which cannot do it at once.
        subprocess.run([sys.executable, "-c", MAKE_QUEUE, network.shared["FW_CELERY_BROKER"]], check=True)
        with dg.DagsterInstance.get() as instance:
            for worker in WORKERS:
                shutil.copy(DEPLOYMENT / "dagster_celery_config.py", network.home(worker) / "cwd")
                network.start(worker, *COMMAND)
            network.start("head", "dagster._daemon", "run", "-m", "fw_assets.definitions", FW_INBOX=str(inbox))
            store = Workspace(ROOT)
            end = time.monotonic() + PATIENCE_SECONDS
            while (report := store.read_text("tickets", "report.json")) is None and time.monotonic() < end:
                time.sleep(0.5)
            said = "\n".join(network.log(name)[-4000:] for name in ("head", *WORKERS))
            assert report is not None, said
            while instance.get_runs_count(UNFINISHED) and time.monotonic() < end:
                time.sleep(0.2)
            runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}, said
        assert json.loads(report)["status"] == "complete"
        # Each machine did some of the runs, together they did all of them, and each run was done once.
        by_machine = {name: {run.run_id for run in runs if run.tags[MACHINE_TAG] == name} for name in WORKERS}
        assert all(by_machine.values()), by_machine
        assert sum(map(len, by_machine.values())) == len(runs)
        assert len({run.tags["dagster/run_key"] for run in runs}) == len(runs)
        # The file lay on the machine of the inbox alone; what the others know of it came through the store.
        assert Workspace(ROOT).require("registration", "tickets", Registration).files[0].path.startswith(ROOT)
        for worker in WORKERS:
            left = [path.name for path in (network.home(worker) / "cwd").iterdir()]
            assert set(left) <= {"dagster_celery_config.py", "__pycache__"}, "nothing is kept on a worker"
        made = counts(tmp_path / "platform" / "state")
        assert (made["supervisedFineTuningJobs"], made["models"]) == (MADE, MADE)
