"""Commands that start together on a workspace, a platform and a Dagster instance that do not exist yet.

Run by hand: `python -m benchmarks.fresh_workspace [COMMANDS] [WHAT]`. Each round has a folder of its own, in which so
many commands are started at once; prints how many of them ended well, and what the others said:

    distinct   `fw-assets run` on as many datasets
    same       `fw-assets run` on one dataset
    mixed      `run`, `plan`, `status` and `models` in turn
    ui         two `fw-assets ui` on one workspace, and commands beside them
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx

from benchmarks.arguments import positional
from benchmarks.dagster_dev import REPOSITORY, clean_environment
from fw_assets.embedded import counts
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.phases import due
from fw_assets.workspace.workspace import Workspace

LINES = (REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)
ROWS = 60
ROUNDS = ("distinct", "same", "mixed", "ui")
UI_SECONDS = 180.0


class Folder:
    """A folder in which nothing has been used yet, with datasets beside the workspace."""

    def __init__(self, path: Path, datasets: int) -> None:
        self.path = path
        self.workspace = path / "workspace"
        path.mkdir()
        for number in range(datasets):
            (path / f"d{number:02d}.jsonl").write_text("".join(LINES[number : number + ROWS]), "utf-8")
        self.environment = clean_environment(FW_WORKSPACE=str(self.workspace))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        log = (self.path / f"log-{time.monotonic_ns()}").open("w+")
        return subprocess.Popen(
            [sys.executable, "-m", "fw_assets", *arguments],
            cwd=self.path,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def logs(self) -> list[str]:
        return [path.read_text("utf-8", "replace") for path in sorted(self.path.glob("log-*"))]


def whole_run(dataset: str) -> tuple[str, ...]:
    return ("run", f"{dataset}.jsonl", "--model", "char-ngram", "--approve", "--yes")


def commands(what: str, number: int) -> list[tuple[str, ...]]:
    if what == "distinct":
        return [whole_run(f"d{index:02d}") for index in range(number)]
    if what == "same":
        return [whole_run("d00")] * number
    kinds = (
        whole_run("d00"),
        ("status",),
        ("plan", "d01.jsonl", "--model", "char-ngram"),
        ("models",),
        ("plan", "d02.jsonl", "--model", "char-ngram"),
    )
    return [kinds[index % len(kinds)] for index in range(number)]


def together(folder: Folder, lines: Sequence[tuple[str, ...]]) -> list[int]:
    """Exit codes of commands that are started at the same time."""
    return [process.wait() for process in [folder.start(*line) for line in lines]]


def show(what: str, folder: Folder, codes: Sequence[int], seconds: float) -> None:
    """Print a round's result: what survived, what the others said, and what the platform holds."""
    survived = sum(code == DONE for code in codes)
    print(f"{what}: {survived} of {len(codes)} survived; {seconds:.0f} s", flush=True)
    for code, log in zip(codes, folder.logs(), strict=False):
        if code != DONE:
            print(f"  exit {code}: {' | '.join(log.strip().splitlines()[-3:])}")
    store = Workspace(str(folder.workspace))
    states = [due(store, dataset, None).state for dataset in store.datasets()]
    held = counts(folder.workspace / ".platform")
    jobs = held["supervisedFineTuningJobs"]
    print(f"  {states.count('done')} datasets done, {jobs} jobs, {held['deployments']} deployments")


def open_uis(folder: Folder) -> tuple[list[int], list[bool]]:
    """Two `fw-assets ui` and two commands at once: exit codes of the commands, and whether each UI answered."""
    for name in ("dagster.yaml", "workspace.yaml"):
        (folder.path / name).write_text((REPOSITORY / name).read_text("utf-8"), "utf-8")
    ports = [_free_port() for _ in range(4)]
    uis = [
        folder.start("ui", "--port", str(port), FW_PORT=str(own))
        for port, own in zip(ports[:2], ports[2:], strict=True)
    ]
    try:
        codes = together(folder, [whole_run("d00"), whole_run("d01")])
        end = time.monotonic() + UI_SECONDS
        waiting = dict.fromkeys(ports[:2], False)
        while not all(waiting.values()) and time.monotonic() < end and all(ui.poll() is None for ui in uis):
            time.sleep(0.5)
            waiting = {port: up or _answers(port) for port, up in waiting.items()}
        return codes, list(waiting.values())
    finally:
        for ui in uis:
            ui.send_signal(signal.SIGINT)
        for ui in uis:
            ui.wait()


def _answers(port: int) -> bool:
    query = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"}
    try:
        response = httpx.post(f"http://127.0.0.1:{port}/graphql", json=query, timeout=30)
        return bool(response.json()["data"]["repositoriesOrError"]["nodes"])
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def _free_port() -> int:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def main(number: int, what: str) -> None:
    """Run the rounds, and print each."""
    with tempfile.TemporaryDirectory(prefix="fw-fresh-") as name:
        for each in [what] if what != "all" else ROUNDS:
            folder = Folder(Path(name) / each, max(3, number))
            started = time.monotonic()
            if each == "ui":
                codes, answered = open_uis(folder)
                show("commands beside two UIs", folder, codes, time.monotonic() - started)
                print(f"UIs: {sum(answered)} of {len(answered)} answered", flush=True)
            else:
                codes = together(folder, commands(each, number))
                show(each, folder, codes, time.monotonic() - started)


if __name__ == "__main__":
    main(*positional(__doc__, commands=20, what="all"))
