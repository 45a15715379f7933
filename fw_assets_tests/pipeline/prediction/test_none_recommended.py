"""Labels of a model that the gate did not recommend: wherever they are asked for, the person is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

import fw_assets
from fw_assets.classification.gate.deploy_gate import Decision
from fw_assets.commands.mcp.labelling_tools import LabellingTools
from fw_assets.commands.mcp.spending import Spending
from fw_assets.pipeline.values.delivery import DeploymentRecord, ReportRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project, benchmarked_project

WHY = "char-ngram gets fewer rows right than always answering billing would."
TEXT = "I was charged twice"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with benchmarked_project(tmp_path_factory.mktemp("project")) as project:
        yield project


def decide(project: Project, decision: Decision) -> None:
    """Write the record as the gate would have with this decision."""
    store = Workspace(str(project.workspace))
    record, header = store.require("deployment", "tickets", DeploymentRecord), store.header("deployment", "tickets")
    assert header is not None
    gate = record.gate.model_copy(update={"decision": decision, "why": WHY})
    store.write("deployment", "tickets", record.model_copy(update={"gate": gate}), inputs=header.inputs)


def by_command(project: Project, *options: str) -> str:
    done = project.run("predict", "tickets", *options)
    assert done.returncode == 0, done.stderr
    return done.stderr


def by_command_as_json(project: Project, *options: str) -> str:
    return str(json.loads(project.run("predict", "tickets", *options, "--json").stdout)["notes"])


def by_asset(project: Project) -> str:
    @dg.asset
    def new_tickets() -> pl.DataFrame:
        return pl.DataFrame({"text": [TEXT]})

    routed = fw_assets.predictions("routed", table="new_tickets", dataset="tickets")
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([new_tickets, routed], instance=instance)
        logged = [entry.user_message for entry in instance.all_logs(done.run_id) if int(entry.level) > 20]
    (event,) = done.asset_materializations_for_node("routed")
    notes = event.metadata.get("notes")
    assert (notes is None) == (not any(WHY in line for line in logged))
    return "" if notes is None else str(notes.value)


def tools(project: Project) -> LabellingTools:
    return LabellingTools(str(project.workspace), Spending(0.0))


def file_of_one(project: Project) -> str:
    file = project.folder / "new.csv"
    file.write_text(f"text\n{TEXT}\n", "utf-8")
    return str(file)


def out(project: Project, name: str) -> str:
    path = project.folder / f"{name}.csv"
    Path(path).unlink(missing_ok=True)
    return str(path)


def printed(ask: Callable[[Any], object], capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    ask(fw_assets.workflow("tickets"))
    return " ".join(capfd.readouterr().err.split())


@pytest.mark.parametrize(("decision", "told"), [("keep-none", True), ("keep-base", False)])
def test_whoever_asks_is_told_that_no_model_is_recommended(
    project: Project, decision: Decision, told: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    decide(project, decision)
    file = ("--file", file_of_one(project), "--out")
    said = [
        " ".join(by_command(project, TEXT).split()),
        by_command_as_json(project, TEXT),
        " ".join(by_command(project, *file, out(project, "a")).split()),
        by_command_as_json(project, *file, out(project, "b")),
        by_asset(project),
        str(tools(project).predict("tickets", [TEXT]).notes),
        str(tools(project).predict_file("tickets", file_of_one(project), out(project, "c"), 0.0).notes),
        str(fw_assets.workflow("tickets").predict(TEXT).notes),
        printed(lambda work: work.predict(TEXT), capfd),
        printed(lambda work: work.predict([TEXT]), capfd),
        printed(lambda work: work.predict_file(file_of_one(project), out(project, "d")), capfd),
    ]
    assert [("recommends none of the models" in text and WHY in text) for text in said] == [told] * len(said)
    assert fw_assets.workflow("tickets").predict(TEXT, free=True).notes == ()


@pytest.mark.parametrize("decision", ["deploy", "keep-base", "keep-none"])
def test_whoever_asks_is_told_of_the_free_model_that_the_report_recommends(
    project: Project, decision: Decision
) -> None:
    decide(project, decision)
    store = Workspace(str(project.workspace))
    record, header = store.require("report", "tickets", ReportRecord), store.header("report", "tickets")
    assert header is not None
    free = record.model_copy(update={"recommended": "TF-IDF with logistic regression"})
    store.write("report", "tickets", free, inputs=header.inputs)
    try:
        (said,) = fw_assets.workflow("tickets").predict(TEXT).notes
        assert said.startswith("the report recommends TF-IDF with logistic regression, which is free (--free, ")
        assert (WHY in said) == (decision == "keep-none")
        assert fw_assets.workflow("tickets").predict(TEXT, free=True).notes == ()
        store.write("report", "tickets", free, inputs="of another plan")
        assert "TF-IDF" not in str(fw_assets.workflow("tickets").predict(TEXT).notes)
    finally:
        store.write("report", "tickets", record, inputs=header.inputs)
