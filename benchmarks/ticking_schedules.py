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

from benchmarks.deck import HERE, Deck
from benchmarks.every_minute import CLOCK
from fw_assets.pipeline.budget.account import REGRESSION, read_ledger
from fw_assets.pipeline.phases import due

ROWS = "".join((HERE / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)[:160])
LOCATION = "load_from:\n  - python_module: {module_name: benchmarks.every_minute, location_name: fw_assets}\n"


def main(minutes: int = 3) -> None:
    """Let the clock run, and print what it did."""
    with tempfile.TemporaryDirectory(prefix="fw-ticking-") as name:
        deck = Deck(Path(name))
        (deck.folder / "workspace.yaml").write_text(LOCATION, "utf-8")
        (deck.folder / "tickets.jsonl").write_text(ROWS, "utf-8")
        order = ("run", "tickets.jsonl", "--model", "char-ngram", "--deploy", "always", "--approve", "--yes")
        subprocess.run(
            [sys.executable, "-m", "fw_assets", *order],
            cwd=deck.folder,
            env=deck.environment,
            check=True,
            capture_output=True,
        )
        before = deck.store.header("registration", "tickets")
        try:
            deck.start()
            time.sleep(60 * minutes)
            with deck.instance() as instance:
                report(deck, instance)
        finally:
            deck.stop()
        print(f"registration unchanged: {deck.store.header('registration', 'tickets') == before}")
        print(f"checks: {list(deck.store.lines('tickets', 'regression.jsonl'))}")
        print(f"their ledger: {read_ledger(deck.store, 'tickets', 'ledger', REGRESSION).entries}")
        for dataset in deck.store.datasets():
            print(f"{dataset}: {due(deck.store, dataset, driver=None).note}")


def report(deck: Deck, instance: dg.DagsterInstance) -> None:
    """The ticks and the runs of each schedule."""
    runs = [record.dagster_run for record in instance.get_run_records()]
    for state in instance.all_instigator_state():
        if state.name in {schedule.name for schedule in CLOCK}:
            ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
            started = Counter(r.status.value for r in runs if r.tags.get("dagster/schedule_name") == state.name)
            said = Counter(tick.status.value for tick in ticks)
            print(f"{state.name}: ticks {dict(said)}, runs {dict(started)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
