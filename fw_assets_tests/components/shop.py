"""A project as `create-dagster` makes it, in a folder: assets of its own, and components in `defs.yaml`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent

import dagster as dg
import polars as pl
import pytest

from fw_assets_tests.project import EXAMPLES

PYPROJECT = """\
[project]
name = "shop"
version = "0.1.0"
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "shop"
"""
ASSETS = """
    from pathlib import Path

    import dagster as dg
    import polars as pl

    ROWS = Path(__file__).parents[4] / "rows.parquet"


    @dg.asset(key=["raw", "tickets"])
    def tickets() -> pl.DataFrame:
        return pl.read_parquet(ROWS)


    @dg.asset
    def review_file() -> str:
        return str(ROWS)
"""
ROUTING = """
    import dagster as dg

    import fw_assets


    @dg.asset(ins={"deployment": dg.AssetIn(["tickets", "deployment"]), "report": dg.AssetIn(["tickets", "report"])})
    def routing(deployment: fw_assets.DeploymentRecord, report: fw_assets.ReportRecord) -> dict[str, str]:
        return {"model": deployment.model, "verdict": deployment.verdict, "headline": report.headline}
"""


def write_rows(folder: Path, rows: int = 90) -> None:
    lines = EXAMPLES.read_text("utf-8").splitlines()[:rows]
    chats = [json.loads(line)["messages"] for line in lines]
    frame = pl.DataFrame(
        {
            "id": range(len(chats)),
            "subject": ["Ticket"] * len(chats),
            "body": [chat[-2]["content"] for chat in chats],
            "queue": [chat[-1]["content"] for chat in chats],
        }
    )
    frame.write_parquet(folder / "rows.parquet")


def write_project(folder: Path, *, downstream: bool = False, **instances: str) -> None:
    """Write the project.

    Args:
        downstream: with an asset that depends on the instance `tickets`.
        instances: `defs.yaml` of each, by folder.
    """
    defs = folder / "src" / "shop" / "defs"
    (defs / "raw").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    for package in (defs.parent, defs):
        (package / "__init__.py").touch()
    (defs / "raw" / "assets.py").write_text(dedent(ASSETS), "utf-8")
    if downstream:
        (defs / "raw" / "routing.py").write_text(dedent(ROUTING), "utf-8")
    for name, text in instances.items():
        (defs / name).mkdir()
        (defs / name / "defs.yaml").write_text(dedent(text), "utf-8")


def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    monkeypatch.syspath_prepend(folder / "src")
    for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)
    return dg.load_from_defs_folder(path_within_project=folder)
