"""The pipeline on plain Dagster: from a file to the report where no process can import `dagster_runtime`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from fw_assets.pipeline.phases import due
from fw_assets.pipeline.run_workers import worker_of
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.dagster_runtime.test_removable import FORBID
from fw_assets_tests.project import Project

ROOT = Path(__file__).parents[2]
SESSION = "models: [char-ngram]\nmode: benchmark\nauto_approve_up_to_usd: 0\n"
PATIENCE_SECONDS = 240.0


@pytest.fixture
def plain(here: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose processes all refuse to import the folder."""
    (here.folder / "site").mkdir()
    (here.folder / "site" / "sitecustomize.py").write_text(FORBID, "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here.folder / "site"), str(ROOT)]))
    here.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return here


def without_runtime(dagster_yaml: str) -> str:
    """The configuration without the blocks that name the folder."""
    blocks = re.split(r"^(?=\w)", dagster_yaml, flags=re.MULTILINE)
    return "".join(block for block in blocks if "fw_assets.dagster_runtime" not in block)


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster-daemon`, which starts a code server, in a session of their own."""
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "fw_assets.definitions"]
    environment = os.environ | {"DAGSTER_HOME": str(folder)}
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_daemon_takes_a_file_to_its_report_with_dagsters_own_launcher(plain: Project) -> None:
    shipped = (ROOT / "dagster.yaml").read_text("utf-8")
    shortened = without_runtime(shipped)
    assert shortened.count("\n") < shipped.count("\n") - 6
    (plain.folder / "dagster.yaml").write_text(shortened, "utf-8")
    inbox = plain.workspace / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "tickets.session.yaml").write_text(SESSION, "utf-8")
    plain.data.rename(inbox / "tickets.jsonl")
    store = Workspace(str(plain.workspace))
    with daemon(plain.folder) as process, open_instance(store.root) as instance:
        assert type(instance.run_launcher) is dg.DefaultRunLauncher
        deadline = time.monotonic() + PATIENCE_SECONDS
        unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
        while due(store, "tickets").state != "done" or instance.get_runs_count(unfinished):
            assert time.monotonic() < deadline, (plain.folder / "daemon.log").read_text("utf-8")[-4000:]
            assert process.poll() is None
            time.sleep(0.1)
        runs = instance.get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    assert plain.report()["status"] == "benchmark"
    assert all(worker_of(run) for run in runs), "what died would be noticed"


def test_the_command_line_runs_without_the_folder(plain: Project) -> None:
    process = plain.start(*plain.workflow("--benchmark-only", "--json"))
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["dataset"] == "tickets"
    assert plain.report()["status"] == "benchmark"
