"""An evaluation killed at random points, on a platform with faults, ends as if nothing had happened."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import polars as pl

from fw_assets.pipeline.evaluation.concurrency import MAX_LIMIT
from fw_assets_tests.pipeline.evaluation.killed_process import evaluate, kept, killed_at

ROWS, KILLS = 400, 3


def test_each_request_is_answered_once_and_the_result_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    calm, torn = tmp_path / "calm", tmp_path / "torn"
    calm.mkdir()
    torn.mkdir()
    evaluate(calm, ROWS, seed=0)
    at = sorted(random.Random(7).sample(range(20, ROWS - 20), KILLS))
    killed = sum(killed_at(torn, ROWS, seed, answers) for seed, answers in enumerate(at))
    assert killed >= 1
    evaluate(torn, ROWS, seed=99)
    first, second = (pl.read_parquet(folder / "workspace" / "predictions.parquet") for folder in (calm, torn))
    assert second.equals(first)
    assert set(kept(torn).values()) == {1}
    assert len(kept(torn)) == ROWS
    answered = Counter((torn / "answered.log").read_text("utf-8").splitlines())
    assert len(answered) == ROWS
    # What was on its way when the process died was answered to nobody, and only that is asked again.
    assert sum(answered.values()) - ROWS <= killed * MAX_LIMIT
