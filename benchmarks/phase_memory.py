"""The memory of every phase of a dataset with ever more test rows, from the registration to the report.

    python -m benchmarks.phase_memory [ROWS ...]

One model, as many test rows as training rows, on a platform in another process that answers at once. Every phase runs
in a process of its own that has loaded the program; printed is the most memory that it held above that, in MB, and what
a further row added to it, in KB.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.instant_platform import MODELS, served
from benchmarks.overhead import NAME, call_assets
from fw_assets.pipeline.phases import APPROVAL, Step, due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import register
from fw_assets.workspace.workspace import Workspace

LABELS = 40
TEXT = "my card has not arrived although I ordered it two weeks ago, and nobody can tell me where it is; number"


def write(path: Path, start: int, rows: int) -> None:
    """Rows that say their label in their texts, no two alike."""
    with path.open("w", encoding="utf-8") as sink:
        for number in range(start, start + rows):
            label = f"label_{number % LABELS:02d}"
            words = " ".join(f"w{number * prime % 99_991}" for prime in (7919, 104_729, 1_299_709))
            turns = [
                {"role": "user", "content": f"{TEXT} {number} {words} {label[::-1]}"},
                {"role": "assistant", "content": label},
            ]
            sink.write(json.dumps({"messages": turns}) + "\n")


def peak() -> float:
    """The most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_step(root: str, step: dict[str, Any]) -> None:
    """A step, and what it took above a process that has loaded what it needs."""
    before = peak()
    call_assets(Step(**step), root)
    print(json.dumps({"above": peak() - before}))


def serve(rows: Path, address: Any) -> None:
    """The platform, until it is ended."""
    with served(rows) as url:
        address.send(url)
        address.recv()


def phases(folder: Path, rows: int) -> dict[str, float]:
    """Megabytes above what the program takes, by asset."""
    files = {"dataset": folder / "train.jsonl", "eval_dataset": folder / "test.jsonl"}
    write(files["dataset"], 0, rows)
    write(files["eval_dataset"], rows, rows)
    known = folder / "known.jsonl"
    known.write_bytes(b"".join(file.read_bytes() for file in files.values()))
    here, there = multiprocessing.get_context("spawn").Pipe()
    platform = multiprocessing.get_context("spawn").Process(target=serve, args=(known, there))
    platform.start()
    os.environ |= {
        "FW_EMBEDDED_URL": here.recv(),
        "FW_PLATFORM_HOME": str(folder / "home"),
        "FIREWORKS_API_KEY": "anything",
    }
    root, megabytes = folder / "work", dict[str, float]()
    store = Workspace(str(root))
    fields = {name: str(file) for name, file in files.items()} | {"models": [MODELS[0]], "deploy": "always"}
    try:
        register(store, platform_from_environment(), fields, driver="daemon", name=NAME)
        while (standing := due(store, NAME)).state != "done":
            for step in standing.steps or (Step(APPROVAL, NAME, None, ""),):
                for asset in step.assets:
                    alone = json.dumps(step.__dict__ | {"assets": [asset]})
                    python = [sys.executable, "-m", "benchmarks.phase_memory"]
                    done = subprocess.run([*python, "--step", str(root), alone], check=True, stdout=subprocess.PIPE)
                    megabytes[asset] = json.loads(done.stdout)["above"]
                    print(f"  {asset}: {megabytes[asset]:.0f} MB", file=sys.stderr, flush=True)
    finally:
        here.send("end")
        platform.join()
    return megabytes


def main(sizes: list[int]) -> None:
    """A line a phase."""
    columns = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            columns.append(phases(Path(folder), size))
    print(f"{'':20}" + "".join(f"{size:>10,} rows" for size in sizes) + "   KB a further row")
    for asset in columns[0]:
        values = [column[asset] for column in columns]
        more = 1024 * (values[-1] - values[0]) / max(1, sizes[-1] - sizes[0])
        print(f"{asset:20}" + "".join(f"{value:>12.0f} MB" for value in values) + f"   {more:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        one_step(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main([int(size) for size in sys.argv[1:]] or [5_000, 50_000])
