"""Files of a finished run, damaged one at a time: the next commands go on to an equal report, or name the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fw_assets_tests.damage import MADE, NAME, Home, damage, finished_run, unfinished

AGAIN, NAMED = "made again", "named"
CASES = [
    ("delivery", f"workspace/{NAME}/assets/plan.json", "empty", AGAIN),
    ("delivery", f"workspace/{NAME}/assets/base_metrics/*.json", "bit", AGAIN),
    ("delivery", f"workspace/{NAME}/assets/metrics/*.json", "bit", AGAIN),
    ("delivery", f"workspace/{NAME}/assets/fine_tuned_models/*.json", "missing", AGAIN),
    ("delivery", f"workspace/{NAME}/assets/approval.json", "zeros", AGAIN),
    ("delivery", f"workspace/{NAME}/assets/baselines.json", "folder", AGAIN),
    ("delivery", f"workspace/{NAME}/predictions/*-tuned-test.parquet", "bit", AGAIN),
    ("delivery", f"workspace/{NAME}/predictions/*-base-test.parquet", "half", AGAIN),
    ("delivery", f"workspace/{NAME}/ledger/*.jsonl", "missing", AGAIN),
    ("delivery", f"workspace/{NAME}/ledger/*.jsonl", "bit", NAMED),
    ("delivery", "workspace/staged/index/*.json", "garbage", AGAIN),
    ("delivery", "workspace/.dagster/history/runs.db", "garbage", NAMED),
    ("base", f"workspace/{NAME}/assets/label_set.parquet", "bit", AGAIN),
    ("base", f"workspace/{NAME}/answers/*.jsonl", "bit", AGAIN),
    ("finished", f"workspace/{NAME}/assets/registration.json", "empty", AGAIN),
    ("finished", f"workspace/{NAME}/report.json", "bit", AGAIN),
    ("finished", f"workspace/{NAME}/final_report.md", "missing", AGAIN),
    ("tuning", "platform/platform.sqlite", "garbage", NAMED),
    ("tuning", "platform/models/*/model.safetensors", "bit", AGAIN),
    ("tuning", "platform/datasets/*/rows.jsonl", "empty", AGAIN),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("damaged")
    yield finished_run(folder / "base", models=("char-ngram",))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def undisturbed(base: Home) -> dict[str, int]:
    return base.made()


@pytest.mark.parametrize(("state", "pattern", "kind", "expected"), CASES)
def test_a_damaged_file(
    base: Home, undisturbed: dict[str, int], tmp_path: Path, state: str, pattern: str, kind: str, expected: str
) -> None:
    home = base.copy(tmp_path / "home")
    unfinished(home, state)
    if "platform.sqlite" in pattern:
        for path in home.platform.glob("platform.sqlite-*"):
            path.unlink()
    path = max(home.folder.glob(pattern), key=lambda path: path.stat().st_size)
    damage(path, kind)
    first = home.workflow()
    again = home.workflow() if first.code != 0 else first
    for outcome in (first, again):
        assert outcome.code is not None, "it waits without a word"
        assert not outcome.raised, outcome.stderr
    if expected == NAMED:
        assert again.code != 0
        assert path.name in again.stderr
        return
    assert again.code == 0, again.stderr
    assert home.report() == base.report()
    made = home.made()
    assert [made[collection] for collection in MADE] == [undisturbed[collection] for collection in MADE]
