"""What syncing and locks cost: whole commands in turns, as they are, without syncing, and of another version.

python -m benchmarks.durability [ROUNDS] [BEFORE]

Each round runs `fw-assets run` on a new workspace and platform as it is, without `fsync`, and with BEFORE, the folder
of another version, if one is given. Locks cannot be left out, since the models of one command share its ledger.
Printed are the medians of the seconds and of the command's own processor time (its workers' is not counted), and
their ratios. The disk under the temporary folder ($TMPDIR) decides what `fsync` takes.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.arguments import positional
from benchmarks.dagster_dev import clean_environment

ROOT = Path(__file__).parents[1]
ROWS = 160
MODELS = ("char-ngram", "minilm-ngram")
NO_SYNC = "import os\nos.fsync = lambda descriptor: None\n"
"""For `sitecustomize`, which every process of the command imports first."""


def timed(version: Path, patch: str) -> tuple[float, float]:
    """Seconds and processor seconds of one command."""
    with tempfile.TemporaryDirectory(prefix="fw-durability-") as name:
        folder = Path(name)
        data = (ROOT / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)
        (folder / "tickets.jsonl").write_text("".join(data[:ROWS]), "utf-8")
        (folder / "sitecustomize.py").write_text(patch, "utf-8")
        environment = clean_environment(
            PYTHONPATH=f"{folder}{os.pathsep}{version}",
            FW_WORKSPACE=str(folder / "workspace"),
            FW_PLATFORM_HOME=str(folder / "platform"),
        )
        models = [part for model in MODELS for part in ("--model", model)]
        command = [sys.executable, "-m", "fw_assets", "run", "tickets.jsonl", *models, "--approve", "--yes"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int = 5, before: str = "") -> int:
    """Run them in turns, and print the table."""
    variants = {"as it is": (ROOT, ""), "no fsync": (ROOT, NO_SYNC)}
    if before:
        variants["before"] = (Path(before).resolve(), "")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, (version, patch) in variants.items():
            times[name].append(timed(version, patch))
    medians = {name: [statistics.median(part) for part in zip(*runs, strict=True)] for name, runs in times.items()}
    print(f"{'':<20}{'seconds':>9}{'as it is / this':>17}{'processor s':>13}{'as it is / this':>17}")
    whole = medians["as it is"]
    for name, (seconds, processor) in medians.items():
        ratios = whole[0] / seconds, whole[1] / processor
        print(f"{name:<20}{seconds:>9.1f}{ratios[0]:>17.2f}{processor:>13.1f}{ratios[1]:>17.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*positional(__doc__, rounds=5, before="")))
