"""`kill -9` of the daemon, the servers, what runs are forked from, the run workers or all of them, at random points.

Run by hand: `python -m benchmarks.killed_daemon [ROUNDS] [SEED]`. Each round drops a dataset into the
inbox of a real `dagster dev`, whose plan approves itself; kills something while it is worked on; starts what died
again; and waits for the report. At the end the embedded platform has to hold what undisturbed runs make: one job per
specification.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

import dagster as dg
import httpx

from benchmarks.dagster_dev import REPOSITORY, DagsterDev, command
from fw_assets.embedded import ACCOUNT, api_key, counts, create_app
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.run_workers import worker_of
from fw_assets.workspace.workspace import Workspace

ROWS = (REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)
SESSION = "models: [char-ngram]\nauto_approve_up_to_usd: 0\ndeploy: always\nseed: {seed}\n"
EACH = {"datasets": 2, "supervisedFineTuningJobs": 4, "models": 4, "deployments": 1}
"""What one undisturbed run of one model with a grid of four cells makes."""
VICTIMS = {
    "daemon": ("dagster._daemon",),
    "code server": ("dagster api grpc", "code-server"),
    "UI's server": ("dagster_webserver",),
    "what runs are forked from": ("multiprocessing.forkserver",),
    "run workers": ("multiprocessing.forkserver", "multiprocessing.spawn"),
    "everything": ("dagster", "multiprocessing.forkserver", "multiprocessing.spawn"),
}
UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
ROUND_TIMEOUT_SECONDS = 900.0
"""Long, since a run that was about to start when everything died is given up after a minute and a half only."""


def run_workers(dagster_dev: DagsterDev) -> set[int]:
    """The processes of the runs that are under way. A forked one has the command line of what it was forked from."""
    with dagster_dev.instance() as instance:
        records = instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY))
        noted = (worker_of(record.dagster_run) for record in records)
        return {worker.pid for worker in noted if worker}


def is_done(store: Workspace, dataset: str) -> bool:
    return due(store, dataset).state == "done"


def victims(dagster_dev: DagsterDev, victim: str) -> list[int]:
    pids = {pid for pid in dagster_dev.processes() if any(mark in command(pid) for mark in VICTIMS[victim])}
    forked = run_workers(dagster_dev)
    if victim == "what runs are forked from":
        pids -= forked
    if victim == "run workers":
        pids = {pid for pid in pids if pid in forked or "multiprocessing.spawn" in command(pid)}
    return sorted(pids)


def strike(dagster_dev: DagsterDev, victim: str) -> int:
    """Kill it, start again what does not start by itself, and return how many processes died."""
    if victim == "run workers":
        with suppress(TimeoutError):  # the dataset may be done
            dagster_dev.wait_until(lambda: bool(victims(dagster_dev, victim)), 15)
    pids = victims(dagster_dev, victim)
    if pids:
        dagster_dev.kill(*pids)
    if victim not in ("run workers", "what runs are forked from"):
        # What `dagster dev` had started goes with it, as it does by itself when one of its processes dies.
        rest = [
            pid
            for pid in dagster_dev.processes()
            if "dagster" in command(pid) and "multiprocessing" not in command(pid)
        ]
        if rest:
            dagster_dev.kill(*rest)
        dagster_dev.start()
    return len(pids)


def specifications(home: Path) -> Counter[tuple[object, ...]]:
    """How many fine-tuning jobs the embedded platform holds of each specification."""
    fields = ("dataset", "baseModel", "loraRank", "learningRate", "epochs")

    async def listed() -> list[dict[str, object]]:
        transport, headers = httpx.ASGITransport(create_app(home)), {"X-Api-Key": api_key(home)}
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded", headers=headers) as client:
            jobs: list[dict[str, object]] = []
            token = ""
            while True:
                query: dict[str, str | int] = {"pageSize": 200, "pageToken": token}
                page = await client.get(f"/v1/accounts/{ACCOUNT}/supervisedFineTuningJobs", params=query)
                jobs += page.json()["supervisedFineTuningJobs"]
                token = page.json().get("nextPageToken", "")
                if not token:
                    return jobs

    return Counter(tuple(job[field] for field in fields) for job in asyncio.run(listed()))


def main(rounds: int = 20, seed: int = 1) -> None:
    """Run it, and print what happened."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="fw-killed-") as name:
        dagster_dev = DagsterDev(Path(name))
        dagster_dev.start()
        started = time.monotonic()
        try:
            usual = 0.0
            for number in range(rounds + 1):
                dataset = f"round-{number:02d}"
                dagster_dev.drop(dataset, "".join(ROWS[number : number + 160]), SESSION.format(seed=number))
                event, moment = "undisturbed", 0.0
                if number:
                    victim = chance.choice(list(VICTIMS))
                    moment = chance.uniform(0, usual)
                    time.sleep(moment)
                    event = f"{victim} ({strike(dagster_dev, victim)} processes) after {moment:.0f} of {usual:.0f} s"
                spent = dagster_dev.wait_until(partial(is_done, dagster_dev.store, dataset), ROUND_TIMEOUT_SECONDS)
                usual = min(usual, moment + spent) if number else spent
                print(f"{dataset}: {event}; complete after {spent:.0f} s more", flush=True)
            print_totals(dagster_dev, rounds + 1, time.monotonic() - started)
        finally:
            dagster_dev.stop()


def print_totals(dagster_dev: DagsterDev, datasets: int, seconds: float) -> None:
    """What the platform and Dagster hold."""
    home = dagster_dev.workspace / ".platform"
    held = counts(home)
    for kind, each in EACH.items():
        verdict = "as undisturbed" if held[kind] == each * datasets else f"EXPECTED {each * datasets}"
        print(f"{kind}: {held[kind]} for {datasets} datasets, {verdict}")
    print(f"fine-tuning jobs per specification: at most {max(specifications(home).values())}")
    with dagster_dev.instance() as instance:
        runs = Counter(record.dagster_run.status.value for record in instance.get_run_records())
    print(f"runs: {dict(runs)}; {seconds:.0f} s in all")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
