"""A language model of this machine in a benchmark: calibrated or not, and added again with other weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.pipeline.values.asked_prompt import asked_prompt
from fw_assets.pipeline.values.evaluation import BaseMetrics
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder
from fw_assets_tests.project import Project

NAME = "tiny-llama"


@pytest.fixture
def ready(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    lines = project.data.read_text("utf-8").splitlines(keepends=True)
    project.data.write_text("".join(lines[:60]), "utf-8")
    home = project.folder / "models"
    project.environment["FW_LANGUAGE_MODELS"] = str(home)
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(home))
    add_language_model(NAME, str(make_folder("llama", project.folder / "files")))
    return project


def benchmark(project: Project) -> BaseMetrics:
    done = project.run(
        "run", str(project.data), "--model", NAME, "--benchmark-only", "--free-rows", "0", "--approve", "--yes"
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return Workspace(str(project.workspace)).require("base_metrics", "tickets", BaseMetrics, NAME)


def answers(project: Project) -> dict[str, list[Any]]:
    """The stored answers that say both ways, by file."""
    files = (project.workspace / "tickets" / "answers").glob("*.jsonl")
    read = {path.name: [json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in files}
    return {name: lines for name, lines in read.items() if lines and "uncalibrated" in lines[0]}


def completions(folder: Path, part: str) -> list[str]:
    return pl.read_parquet(folder / "predictions" / f"{NAME}-base-{part}.parquet")["completion"].to_list()


def test_the_better_way_on_validation_rows_is_used_everywhere(ready: Project, watched: None) -> None:
    metrics = benchmark(ready)
    folder = ready.workspace / "tickets"
    assert "read with contextual calibration and without" in (folder / "plan.md").read_text("utf-8")
    chosen = metrics.calibration
    assert chosen is not None
    assert chosen.rows == metrics.validation.rows
    assert chosen.used == (chosen.right >= chosen.right_without)
    assert metrics.validation.headline.value == pytest.approx(max(chosen.accuracy, chosen.accuracy_without))
    (lines,) = answers(ready).values()
    both = {True: {item["text"] for item in lines}, False: {item["uncalibrated"]["text"] for item in lines}}
    assert both[True] != both[False] or any(item["text"] != item["uncalibrated"]["text"] for item in lines)
    for part in ("validation", "test"):
        assert set(completions(folder, part)) <= both[chosen.used]
    prompt = asked_prompt(Workspace(str(ready.workspace)), "tickets", NAME, "base")
    assert prompt.calibration == (None if chosen.used else "none")
    report = ready.report()
    (candidate,) = (item for item in report["candidates"] if item["model"].endswith(NAME))
    assert candidate["calibration"] == chosen.model_dump(mode="json")
    said = f"{NAME} answers {'with' if chosen.used else 'without'} contextual calibration: right on "
    assert said in (folder / "final_report.md").read_text("utf-8")
    assert said in (folder / "final_report.html").read_text("utf-8")


def test_other_weights_under_the_same_name_renew_the_answers(ready: Project, watched: None) -> None:
    first = benchmark(ready)
    before = answers(ready)
    plan = ready.workspace / "tickets" / "plan.json"
    old = json.loads(plan.read_text("utf-8"))

    add_language_model(NAME, str(ready.folder / "files"))
    assert benchmark(ready) == first
    assert answers(ready) == before, "nothing is asked again of the same weights"
    assert json.loads(plan.read_text("utf-8")) == old

    add_language_model(NAME, str(make_folder("llama", ready.folder / "others", initializer_range=0.3)))
    second = benchmark(ready)
    after = answers(ready)
    assert {name: after[name] for name in before} == before, "what was paid for is kept"
    (new,) = (lines for name, lines in after.items() if name not in before)
    (lines,) = before.values()
    assert [item["confidence"] for item in new] != [item["confidence"] for item in lines]
    assert second.test != first.test
    changes = json.loads((ready.workspace / "tickets" / "assets" / "plan_changes.json").read_text("utf-8"))
    assert "added again with other weights" in json.dumps(changes)

    add_language_model(NAME, str(ready.folder / "files"))
    assert benchmark(ready).test == first.test
    assert answers(ready) == after, "the answers of the first weights are still there"
