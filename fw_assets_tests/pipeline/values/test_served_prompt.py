from __future__ import annotations

import json

import pytest

from fw_assets.classification.prompting.opening import Opening
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

pytestmark = pytest.mark.usefixtures("watched")

TEXT = "I was charged twice for one order"


@pytest.fixture
def served(project: Project) -> Project:
    """A project whose dataset has been benchmarked."""
    done = project.run(*project.workflow("--benchmark-only"))
    assert done.returncode == 0, done.stderr
    return project


def plan_with_other_labels(project: Project) -> None:
    """The same texts under other labels, planned under the same name and approved by nobody."""
    rows = [json.loads(line) for line in project.data.read_text("utf-8").splitlines()]
    for row in rows:
        row["messages"][-1]["content"] = f"other_{row['messages'][-1]['content']}"
    project.data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    planned = project.run("plan", str(project.data), "--model", "char-ngram")
    assert planned.returncode == 0, planned.stderr
    assert "other_" in (project.workspace / "tickets" / "plan.md").read_text("utf-8")


def test_a_newer_plan_changes_nothing_that_is_asked(served: Project) -> None:
    before = served.run("predict", "tickets", TEXT, "--json")
    assert before.returncode == 0, before.stderr
    plan_with_other_labels(served)
    assert served.run("predict", "tickets", TEXT, "--json") == before


def test_a_record_of_an_earlier_version_holds_until_there_is_another_plan(served: Project) -> None:
    before = served.run("predict", "tickets", TEXT, "--json")
    store = Workspace(str(served.workspace))
    head, record = store.header("deployment", "tickets"), store.require("deployment", "tickets", DeploymentRecord)
    assert head is not None
    assert record.prompt is not None
    store.write("deployment", "tickets", record.model_copy(update={"prompt": None}), inputs=head.inputs)
    assert served.run("predict", "tickets", TEXT, "--json") == before
    plan_with_other_labels(served)
    refused = served.run("predict", "tickets", TEXT, "--json")
    assert refused.returncode != 0
    assert "tickets has a new plan" in refused.stderr
    assert "fw-assets run tickets --approve" in refused.stderr


def test_a_text_is_asked_as_the_rows_were(project: Project) -> None:
    rows = [json.loads(line) for line in project.data.read_text("utf-8").splitlines()]
    for row in rows:
        row["messages"].insert(0, {"role": "system", "content": "Route this ticket."})
    project.data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert project.run(*project.workflow("--benchmark-only")).returncode == 0
    record = Workspace(str(project.workspace)).require("deployment", "tickets", DeploymentRecord)
    assert record.opening == Opening(system="Route this ticket.")
    assert project.run("predict", "tickets", TEXT).returncode == 0
