"""That no choice read a test row: nothing of them is in the records of the choices, and other figures change none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.assets.deployment import decide
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.envelope import encode
from fw_assets.workspace.workspace import Workspace

CHOICES = ("finalists.json", "sweep/*.json", "fine_tuned_models/*.json")
SCORED = ("base_metrics/*.json", "metrics/*.json")


def no_test_row_was_read(workspace: Path, dataset: str, scratch: Path) -> None:
    """Raises AssertionError if a choice of this finished run knew of a test row, or of how a model did on them."""
    assets = workspace / dataset / "assets"
    rows = pl.read_parquet(assets / "label_set.parquet").filter(pl.col("split") == "test")
    assert rows.height
    told = set(_texts([json.loads(path.read_text("utf-8")) for choice in CHOICES for path in assets.glob(choice)]))
    assert not told & set(rows["id"])
    assert not told & set(rows["digest"])
    shutil.copytree(workspace / dataset, scratch / dataset)
    for path in (path for scored in SCORED for path in (scratch / dataset / "assets").glob(scored)):
        stored = json.loads(path.read_text("utf-8"))
        stored["value"]["test"]["accuracy"] = {"value": 0.0, "low": 0.0, "high": 0.01}
        path.write_text(encode(stored["inputs"], stored["digest"], json.dumps(stored["value"])), "utf-8")
    store = Workspace(str(scratch))
    winner, _ = decide(store, dataset, store.require("plan", dataset, Plan))
    assert winner == store.require("deployment", dataset, DeploymentRecord).winner


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []
