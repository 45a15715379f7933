"""The memory and the time of the whole workflow on datasets of ever more labels.

    python -m benchmarks.many_labels [LABELS ...]

Every label has four rows and three words of its own; one model, on the embedded platform, approved in advance. Printed
is the most memory that one process of `fw-assets run` held, and the most that all of them held together, in MB: the
command, its workers, and the platform's fine-tuning workers. What processes share is divided among them (Linux's
proportional set size).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from benchmarks.dagster_dev import clean_environment

ROWS_PER_LABEL = 4
MEMORY_LIMIT_MB = 3_000
_SYLLABLES = ("ka lo mi ne pu ra so ti", "bar den fil gos hut jam kel lim", "ax ey in or us")
WORDS = tuple("".join(parts) for parts in product(*(part.split() for part in _SYLLABLES)))


def write(path: Path, labels: int) -> None:
    """Rows whose label is told by three of their words."""
    shared = random.Random(1)
    with path.open("w", encoding="utf-8") as sink:
        for row in range(labels * ROWS_PER_LABEL):
            label = row % labels
            own = random.Random(label)
            words = [shared.choice(WORDS) for _ in range(8)] + [own.choice(WORDS) + own.choice(WORDS) for _ in range(3)]
            turns = [
                {"role": "user", "content": " ".join([*words, str(row)])},
                {"role": "assistant", "content": f"topic_{label:05d}"},
            ]
            sink.write(json.dumps({"messages": turns}) + "\n")


def resident(mark: bytes) -> list[float]:
    """The memory in MB of each process whose environment holds `mark`."""
    sizes = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark in (process / "environ").read_bytes():
                lines = (process / "smaps_rollup").read_text().splitlines()
                sizes.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6)
        except (OSError, StopIteration):
            continue
    return sizes


def measure(labels: int) -> tuple[int, float, float, float]:
    """Exit code, seconds, and the peaks of one process and of all."""
    with tempfile.TemporaryDirectory(prefix="many-labels-") as folder:
        data = Path(folder) / "rows.jsonl"
        write(data, labels)
        environment = clean_environment(FW_WORKSPACE=f"{folder}/workspace", FW_PLATFORM_HOME=f"{folder}/platform")
        command = [sys.executable, "-m", "fw_assets", "run", str(data), "--model", "char-ngram", "--approve"]
        started = time.monotonic()
        largest = together = 0.0
        with (Path(folder) / "output").open("w+b") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
            while process.poll() is None:
                sizes = resident(folder.encode())
                largest, together = max([largest, *sizes]), max(together, sum(sizes))
                time.sleep(0.2)
            if process.returncode:
                output.seek(0)
                print(output.read().decode()[-3000:], file=sys.stderr)
        return process.returncode, time.monotonic() - started, largest, together


def main(sizes: list[int]) -> int:
    """A line per size; 1 when a run failed or its processes together held more than the limit."""
    print(f"{'labels':>8}{'rows':>9}{'exit':>6}{'seconds':>9}{'one process MB':>16}{'all MB':>9}")
    failed = 0
    for labels in sizes:
        code, seconds, largest, together = measure(labels)
        print(
            f"{labels:>8,}{labels * ROWS_PER_LABEL:>9,}{code:>6}{seconds:>9.0f}{largest:>16,.0f}{together:>9,.0f}",
            flush=True,
        )
        failed += code != 0 or together > MEMORY_LIMIT_MB
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or [1_000, 5_000]))
