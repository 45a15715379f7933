"""Damage of every kind to every kind of file of a finished run, and what the next commands make of it.

python -m benchmarks.damaged_files [EVERY] [ONLY]

Each case damages one file of a copy: of a finished run, or of one that still has to read the file. Then `status`, a
tick of the sensor `phases`, `run` (twice where the first one says what to do) and `predict` are run. A case survives if
the run goes on to an equal report, or ends in a sentence that names the file; it never makes anything a second time on
the platform. A file that may not be read is not tried: root, who runs this in a container, reads every file.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.arguments import positional
from fw_assets_tests.damage import DAMAGES, MADE, NAME, Home, Outcome, damage, finished_run, unfinished

JSON = ("empty", "half", "zeros", "bit", "garbage", "missing", "folder")
LINES = ("empty", "zeros", "bit", "torn line", "damaged line", "missing", "folder")
FEW = ("empty", "garbage", "missing")
DATABASE = ("empty", "half", "zeros", "garbage", "missing", "folder")
KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (f"workspace/{NAME}/assets/registration.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/inspected_dataset.json", "delivery", FEW),
    (f"workspace/{NAME}/assets/inspected_dataset.rows/*.parquet", "delivery", FEW),
    (f"workspace/{NAME}/assets/label_set.json", "base", JSON),
    (f"workspace/{NAME}/assets/label_set.parquet", "tuning", JSON),
    (f"workspace/{NAME}/assets/prompt.json", "base", JSON),
    (f"workspace/{NAME}/assets/basis.json", "base", FEW),
    (f"workspace/{NAME}/assets/plan.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/plan_changes.json", "delivery", FEW),
    (f"workspace/{NAME}/assets/answered_plan.json", "delivery", FEW),
    (f"workspace/{NAME}/assets/label_suspects.json", "delivery", FEW),
    (f"workspace/{NAME}/assets/approval.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/base_metrics/char-ngram.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/baselines.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/finalists.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/sweep/char-ngram.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/fine_tuned_models/char-ngram.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/metrics/char-ngram.json", "delivery", JSON),
    (f"workspace/{NAME}/assets/deployment.json", "finished", JSON),
    (f"workspace/{NAME}/assets/report.json", "finished", JSON),
    (f"workspace/{NAME}/report.json", "finished", JSON),
    ("workspace/.looks.jsonl", "finished", LINES),
    (f"workspace/{NAME}/final_report.md", "finished", FEW),
    (f"workspace/{NAME}/final_report.html", "finished", FEW),
    (f"workspace/{NAME}/plan.md", "finished", FEW),
    (f"workspace/{NAME}/plan.json", "finished", FEW),
    (f"workspace/{NAME}/label_suspects_test.csv", "finished", FEW),
    (f"workspace/{NAME}/predictions/char-ngram-base-test.parquet", "delivery", JSON),
    (f"workspace/{NAME}/predictions/char-ngram-tuned-test.parquet", "delivery", JSON),
    (f"workspace/{NAME}/predictions/tfidf-baseline-test.parquet", "delivery", FEW),
    (f"workspace/{NAME}/answers/*.jsonl", "base", LINES),
    (f"workspace/{NAME}/ledger/*.jsonl", "delivery", LINES),
    (f"workspace/{NAME}/approvals.jsonl", "delivery", LINES),
    (f"workspace/{NAME}/.run.lock", "delivery", ("garbage", "missing", "folder")),
    (f"workspace/{NAME}/ledger/.*.lock", "tuning", ("garbage", "missing", "folder")),
    ("workspace/staged/index/*.json", "delivery", JSON),
    ("workspace/.dagster/dagster.yaml", "delivery", JSON),
    ("workspace/.dagster/history/runs.db", "delivery", DATABASE),
    ("workspace/.dagster/history/runs/index.db", "delivery", DATABASE),
    ("workspace/.dagster/history/runs/[0-9a-f]*.db", "delivery", DATABASE),
    ("workspace/.dagster/schedules/schedules.db", "delivery", DATABASE),
    ("platform/platform.sqlite", "tuning", DATABASE),
    ("platform/platform.sqlite-wal", "tuning", ("empty", "half", "garbage", "missing")),
    ("platform/platform.sqlite-shm", "tuning", ("empty", "garbage", "missing")),
    ("platform/api_key", "tuning", ("empty", "half", "garbage", "missing", "folder")),
    ("platform/signing_key", "tuning", ("empty", "half", "garbage", "missing", "folder")),
    ("platform/models/*/model.safetensors", "tuning", JSON),
    ("platform/models/*/manifest.json", "tuning", JSON),
    ("platform/datasets/*/rows.jsonl", "tuning", JSON),
    ("platform/jobs/supervisedFineTuningJobs/*char-ngram*/metrics.jsonl", "tuning", LINES),
    ("platform/cache/*.embeddings.sqlite", "base", FEW),
    ("platform/cache/*.onnx", "base", FEW),
    ("platform/cache/verified/*", "base", ("garbage", "missing", "folder")),
    ("platform/workers/slot-0.lock", "tuning", ("garbage", "missing", "folder")),
)
"""Pattern of the file, the state of the run that reads it, and the kinds of damage."""
GOOD = ("equal report", "one sentence, then an equal report", "one sentence")


@dataclass(frozen=True)
class Case:
    pattern: str
    state: str
    damage: str

    def __str__(self) -> str:
        return f"{self.damage:<12} {self.state:<9} {self.pattern}"


def path_of(home: Home, pattern: str) -> Path:
    """The largest file that matches: of a model the one that has learned something."""
    return max(home.folder.glob(pattern), key=lambda path: path.stat().st_size)


def tried(base: Home, case: Case) -> tuple[str, str]:
    """(class, what was said) of one case."""
    with tempfile.TemporaryDirectory(prefix="fw-damaged-") as name:
        home = base.copy(Path(name) / "home")
        unfinished(home, case.state)
        path = path_of(home, case.pattern)
        damage(path, case.damage)
        looks = [home.run("status"), home.tick()]
        first = home.workflow()
        again = home.workflow() if first.code != 0 else first
        asked = home.run("predict", NAME, "where is my card?")
        outcomes = [*looks, first, again, asked]
        said = "\n".join(outcome.stderr[-600:] for outcome in outcomes if outcome.stderr)
        if any(outcome.raised for outcome in outcomes):
            raised = next(outcome for outcome in outcomes if outcome.raised)
            return "traceback", raised.stderr[-700:] or raised.stdout[-700:]
        if any(outcome.code is None for outcome in outcomes):
            return "wait without words", said
        if again.code == 0:
            # A job that the damage ended has a successor under another id.
            if home.report_without_ids() != base.report_without_ids():
                return "wrong result", said
            made, undisturbed = home.made(), base.made()
            undisturbed["supervisedFineTuningJobs"] += first.stderr.count("ended FAILED")
            if any(made.get(kind, 0) > undisturbed[kind] for kind in MADE):
                return "made twice", said
            return ("equal report" if first.code == 0 else "one sentence, then an equal report"), said
        return ("one sentence" if names(path, first) else "does not name the file"), said


def names(path: Path, outcome: Outcome) -> bool:
    return path.name in outcome.stderr or f"/{path.parent.name}" in outcome.stderr


def main(every: int = 1, only: str = "") -> int:
    """Run it, and print what happened; 1 if a case did not survive."""
    started = time.monotonic()
    cases = [Case(pattern, state, kind) for pattern, state, kinds in KINDS for kind in kinds if only in pattern]
    cases = cases[::every]
    assert all(case.damage in DAMAGES for case in cases)
    with tempfile.TemporaryDirectory(prefix="fw-damaged-") as name:
        base = finished_run(Path(name) / "base")
        counted: Counter[str] = Counter()
        with ThreadPoolExecutor(2) as pool:
            for case, (verdict, said) in zip(cases, pool.map(partial(tried, base), cases), strict=True):
                counted[verdict] += 1
                print(f"{verdict:<36} {case}", flush=True)
                if verdict not in GOOD[:1]:
                    print("    " + said.strip().replace("\n", "\n    "), flush=True)
    survived = sum(counted[verdict] for verdict in GOOD)
    print(f"\n{len(cases)} cases in {time.monotonic() - started:.0f} s: {survived} survived")
    for verdict, count in counted.most_common():
        print(f"  {verdict}: {count}")
    shutil.rmtree(name, ignore_errors=True)
    return int(survived < len(cases))


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, every=1, only="")))
