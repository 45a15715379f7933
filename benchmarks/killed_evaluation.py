"""An evaluation of 5,000 rows with 5 % injected faults, killed at 20 random points: what was answered how often.

python -m benchmarks.killed_evaluation [ROWS] [KILLS]
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import polars as pl

from benchmarks.arguments import positional
from fw_assets_tests.pipeline.evaluation.killed_process import FAULTS, evaluate, kept, killed_at


def main(rows: int = 5_000, kills: int = 20) -> None:
    """Run it, and print what happened."""
    with tempfile.TemporaryDirectory() as name:
        calm, torn = Path(name) / "calm", Path(name) / "torn"
        calm.mkdir()
        torn.mkdir()
        started = time.perf_counter()
        evaluate(calm, rows, seed=0)
        undisturbed = time.perf_counter() - started
        points = sorted(random.Random(1).sample(range(rows // 100, rows), kills))
        killed = sum(killed_at(torn, rows, seed, at) for seed, at in enumerate(points))
        evaluate(torn, rows, seed=10_000)
        same = _predictions(torn).equals(_predictions(calm))
        answered = Counter((torn / "answered.log").read_text("utf-8").splitlines())
        stored = kept(torn)
        print(f"{rows:,} rows, {FAULTS:.0%} of the requests refused, failed or broken off")
        print(f"undisturbed: {undisturbed:.1f} s")
        print(f"killed {killed} times at {points}")
        print(f"answers kept: {len(stored):,}, of which more than once: {sum(n > 1 for n in stored.values())}")
        lost = sum(answered.values()) - len(answered)
        print(f"answered while their asker died, and asked again: {lost} ({lost / max(killed, 1):.1f} per kill)")
        print(f"result identical to the undisturbed run: {same}")


def _predictions(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "workspace" / "predictions.parquet")


if __name__ == "__main__":
    main(*positional(__doc__, rows=5_000, kills=20))
