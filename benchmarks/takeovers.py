"""A dataset taken over from the daemon by a command, or from a command by the daemon, in the middle of its work.

Run by hand: `python -m benchmarks.takeovers [ROUNDS] [SEED]`. Each round gives a dataset to one of the two drivers of
a real `dagster dev` with the embedded platform, waits for a phase and a moment in it that are drawn from the seed, has
the other driver take over, and waits for the report. Prints how many rounds ended as an undisturbed one does, how many
requests were asked again though their answer was kept, and the ledger beside what the platform served.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.arguments import positional
from benchmarks.dagster_dev import REPOSITORY, DagsterDev
from benchmarks.killed_daemon import EACH
from fw_assets.embedded import counts
from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.pipeline.phases import due
from fw_assets.workspace.workspace import Workspace

LINES = (REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)
ROWS = 400
SESSION = "models: [char-ngram]\nauto_approve_up_to_usd: 0\ndeploy: always\nseed: {seed}\n"
FAULTS = {"delay": 0.05, "paths": "/chat/completions"}
"""Answers take a while, as those of a remote platform."""
PHASES = {
    "planning": "inspected_dataset.json",
    "base metrics": "approval.json",
    "sweep": "finalists.json",
    "training": "sweep/char-ngram.json",
    "metrics": "fine_tuned_models/char-ngram.json",
    "delivery": "metrics/char-ngram.json",
}
"""Each begins when a value is stored."""
MOMENT_SECONDS = 3.0
ROUND_SECONDS = 600.0
TO_COMMAND, TO_DAEMON = "the command takes over", "the daemon takes over"


@dataclass(frozen=True)
class Outcome:
    """What a dataset's run came to.

    Attributes:
        made: resources that the platform has more than before.
        asked_again: answers that are stored more than once.
        unkept: requests that the platform answered beyond those whose answer is stored: whether a deployment is ready.
        paid, kept: tokens in the ledger, and in the answers that are stored.
        repeated: ledger entries beyond the first of their id.
    """

    made: dict[str, int]
    asked_again: int
    unkept: int
    paid: int
    kept: int
    repeated: int

    def equals(self, undisturbed: Outcome) -> bool:
        fair = self.made == EACH and not self.asked_again and not self.repeated and self.paid == self.kept
        return fair and self.unkept == undisturbed.unkept


def is_done(store: Workspace, dataset: str) -> bool:
    return due(store, dataset, driver=None).state == "done"


def command(dagster_dev: DagsterDev, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fw_assets", *arguments],
        cwd=dagster_dev.folder,
        env=dagster_dev.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outcome(store: Workspace, dataset: str, before: dict[str, int], after: dict[str, int]) -> Outcome:
    answers: Counter[str] = Counter()
    tokens: dict[str, int] = {}
    for name in store.names(dataset, "answers"):
        for line in store.collection(dataset, "answers", name).lines():
            answer = json.loads(line)
            key = f"{name} {answer['key']}"
            answers[key] += 1
            tokens[key] = answer.get("prompt_tokens", 0) + answer.get("completion_tokens", 0)
    ids, paid = Counter[str](), 0
    for name in store.names(dataset, "ledger"):
        if not name.startswith("."):
            ids.update(json.loads(line)[1]["id"] for line in store.lines(dataset, "ledger", name) if '["paid"' in line)
            entries = read_ledger(store, dataset, "ledger", name).entries
            # The fraction is that of a deployment's hours.
            paid += sum(int(entry.quantity) for entry in entries if entry.unit == "tokens and hours")
    grown = {name: after[name] - before[name] for name in after}
    return Outcome(
        made={name: grown[name] for name in EACH},
        asked_again=answers.total() - len(answers),
        unkept=grown["inference_requests"] - answers.total(),
        paid=paid,
        kept=sum(tokens.values()),
        repeated=ids.total() - len(ids),
    )


def take_over(dagster_dev: DagsterDev, dataset: str, seed: int, phase: str, moment: float, how: str) -> str:
    """Have one driver begin and the other take over; returns what the command said that is of interest."""
    rows = "".join(LINES[seed : seed + ROWS])
    begun = dagster_dev.store.local(dataset, "assets", *PHASES[phase].split("/"))
    if how == TO_COMMAND:
        dagster_dev.drop(dataset, rows, SESSION.format(seed=seed))
        dagster_dev.wait_until(begun.exists, ROUND_SECONDS)
        time.sleep(moment)
        process = command(dagster_dev, "run", dataset, "--approve", "--yes")
    else:
        (dagster_dev.folder / f"{dataset}.jsonl").write_text(rows, "utf-8")
        (dagster_dev.folder / f"{dataset}.yaml").write_text(SESSION.format(seed=seed), "utf-8")
        process = command(dagster_dev, "run", f"{dataset}.jsonl", "--session", f"{dataset}.yaml", "--approve", "--yes")
        dagster_dev.wait_until(begun.exists, ROUND_SECONDS)
        time.sleep(moment)
        dagster_dev.wait_until(lambda: dagster_dev.store.header("plan", dataset) is not None, ROUND_SECONDS)
        plan = dagster_dev.store.header("plan", dataset)
        command(
            dagster_dev, "approve", dataset, "--digest", plan.digest if plan else "", "--driver", "daemon"
        ).communicate()
    printed, _ = process.communicate(timeout=ROUND_SECONDS)
    dagster_dev.wait_until(partial(is_done, dagster_dev.store, dataset), ROUND_SECONDS)
    waits = sum(line.endswith("; waiting") for line in printed.splitlines())
    return f"exit {process.returncode}, {waits} waits"


def settled_counts(home: Path) -> dict[str, int]:
    """What the platform holds, once its processes have written their counts."""
    time.sleep(2)
    return counts(home)


def main(rounds: int, seed: int) -> None:
    """Run the rounds, and print each and the totals."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="fw-takeovers-") as name:
        dagster_dev = DagsterDev(Path(name))
        home = dagster_dev.workspace / ".platform"
        home.mkdir(parents=True)
        (home / "faults.json").write_text(json.dumps(FAULTS), "utf-8")
        dagster_dev.start()
        outcomes: list[Outcome] = []
        try:
            for number in range(rounds + 1):
                dataset, before = f"round-{number:02d}", settled_counts(home)
                if number:
                    how = (TO_COMMAND, TO_DAEMON)[number % 2]
                    phase, moment = chance.choice(list(PHASES)), chance.uniform(0, MOMENT_SECONDS)
                    said = take_over(dagster_dev, dataset, number, phase, moment, how)
                    event = f"{how} {moment:.1f} s into {phase}; {said}"
                else:
                    dagster_dev.drop(dataset, "".join(LINES[:ROWS]), SESSION.format(seed=0))
                    dagster_dev.wait_until(partial(is_done, dagster_dev.store, dataset), ROUND_SECONDS)
                    event = "undisturbed"
                outcomes.append(outcome(dagster_dev.store, dataset, before, settled_counts(home)))
                print(f"{dataset}: {event}; {outcomes[-1]}", flush=True)
        finally:
            dagster_dev.stop()
    undisturbed, *taken = outcomes
    print(f"survived: {sum(each.equals(undisturbed) for each in taken)} of {len(taken)} takeovers")
    print(f"requests asked again though their answer was kept: {sum(each.asked_again for each in taken)}")
    paid, kept = sum(each.paid for each in taken), sum(each.kept for each in taken)
    print(f"ledger: {paid:,} tokens; served and kept: {kept:,}; entries of one id: {sum(o.repeated for o in taken)}")
    unkept = [each.unkept for each in taken]
    print(f"requests that are no row's: {unkept}; undisturbed {undisturbed.unkept}")


if __name__ == "__main__":
    main(*positional(__doc__, rounds=12, seed=1))
