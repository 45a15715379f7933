"""The three schedules ticked by a real daemon, every minute instead of every night, week and month.

Run by hand: `python -m benchmarks.ticking_schedules [MINUTES]`, over a dataset with a live deployment.
Every tick of one date runs the same again: the check holds, and its price is in the ledger once; the rerun changes
nothing; and the benchmark of new models is planned and waits for approval.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import dagster as dg

from benchmarks.dagster_dev import REPOSITORY, DagsterDev
from benchmarks.every_minute import defs
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.phases import due

ROWS = "".join((REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)[:160])
LOCATION = "load_from:\n  - python_module: {module_name: benchmarks.every_minute, location_name: fw_assets}\n"


def main(minutes: int = 3) -> None:
    """Let the clock run, and print what it did."""
    with tempfile.TemporaryDirectory(prefix="fw-ticking-") as name:
        dagster_dev = DagsterDev(Path(name))
        (dagster_dev.folder / "workspace.yaml").write_text(LOCATION, "utf-8")
        (dagster_dev.folder / "tickets.jsonl").write_text(ROWS, "utf-8")
        order = ("run", "tickets.jsonl", "--model", "char-ngram", "--deploy", "always", "--approve", "--yes")
        subprocess.run(
            [sys.executable, "-m", "fw_assets", *order],
            cwd=dagster_dev.folder,
            env=dagster_dev.environment,
            check=True,
            capture_output=True,
        )
        before = dagster_dev.store.header("registration", "tickets")
        try:
            dagster_dev.start()
            time.sleep(60 * minutes)
            with dagster_dev.instance() as instance:
                report(dagster_dev, instance)
        finally:
            dagster_dev.stop()
        print(f"registration unchanged: {dagster_dev.store.header('registration', 'tickets') == before}")
        print(f"checks: {list(dagster_dev.store.lines('tickets', 'regression.jsonl'))}")
        print(f"their ledger: {regression_ledger(dagster_dev.store, 'tickets').entries}")
        for dataset in dagster_dev.store.datasets():
            print(f"{dataset}: {due(dagster_dev.store, dataset, driver=None).note}")


def report(dagster_dev: DagsterDev, instance: dg.DagsterInstance) -> None:
    """The ticks and the runs of each schedule."""
    runs = [record.dagster_run for record in instance.get_run_records()]
    for state in instance.all_instigator_state():
        if state.name in {schedule.name for schedule in defs.get_repository_def().schedule_defs}:
            ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
            started = Counter(r.status.value for r in runs if r.tags.get("dagster/schedule_name") == state.name)
            outcomes = Counter(tick.status.value for tick in ticks)
            print(f"{state.name}: ticks {dict(outcomes)}, runs {dict(started)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
