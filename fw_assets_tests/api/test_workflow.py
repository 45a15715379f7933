"""The Python API from a table to a report and predictions, as a notebook uses it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fw_assets
from fw_assets.pipeline.values.prediction import LabelledText
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import EXAMPLES, InProcessPool, Project

pd = pytest.importorskip("pandas", reason="pandas comes with statsmodels, of the dev extra")
INDEXED = pd.DataFrame({"text": ["a", "b"], "queue": ["x", "y"]}).set_index("queue")


def table(rows: int = 120) -> pl.DataFrame:
    turns = [json.loads(line)["messages"] for line in EXAMPLES.read_text("utf-8").splitlines()[:rows]]
    return pl.DataFrame([{"text": item[0]["content"], "label": item[-1]["content"]} for item in turns])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def finished(folder: Path) -> Iterator[fw_assets.Workflow]:
    """A workflow from a table in memory to its report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("FW_WORKSPACE", "DAGSTER_HOME", "FW_PLATFORM", "FW_PLATFORM_HOME"):
            patch.delenv(name, raising=False)
        work = fw_assets.plan(table(), name="tickets", models="char-ngram", mode="benchmark", make_pool=InProcessPool)
        with pytest.raises(fw_assets.NotApproved, match="waits for approval"):
            work.run()
        work.approve(note="from a test", by="tester").run()
        yield work


def test_the_plan_says_what_it_will_do_and_draws_itself(finished: fw_assets.Workflow) -> None:
    plan = finished.plan
    assert plan.usd == (0.0, 0.0, 0.0)
    assert plan.labels["label"].to_list() == ["account", "billing", "sales", "technical"]
    assert plan.labels.select(pl.sum("train", "validation", "test")).row(0) == tuple(
        plan.value.rows[part] for part in ("train", "validation", "test")
    )
    assert plan.models["model"].to_list() == ["char-ngram"]
    assert set(plan.costs.columns) == {"line", "stage", "model", "formula", "low", "expected", "high", "counted"}
    assert "char-ngram" in plan._repr_html_()
    assert "Plan for tickets" in repr(plan)
    for shown in (plan._repr_html_(), repr(plan)):
        assert "plan.approve()" in shown
        assert "fw-assets approve" not in shown


def test_the_report_has_its_figures_as_frames(finished: fw_assets.Workflow) -> None:
    report = finished.report
    assert report.status == "benchmark"
    assert report.models.select("model", "kind", "rows").row(0) == ("char-ngram", "base", report.value.rows.test)
    (result,) = [item.base for item in report.value.candidates if item.base]
    assert report.models["accuracy"].item() == result.accuracy
    assert report.labels["rows"].sum() == report.value.rows.test
    assert report.labels["label"].to_list() == list(result.per_label)
    assert Path(report.html).is_file()
    drawn = report._repr_html_()
    assert "<table" in drawn
    assert "<script" not in drawn
    assert report.answer[:40] in repr(report)


def test_a_workflow_draws_its_report_or_its_plan(finished: fw_assets.Workflow, folder: Path) -> None:
    assert finished._repr_html_() == finished.report._repr_html_()
    planned = fw_assets.plan(
        table(), name="tickets", models=["char-ngram"], workspace=folder / "other", make_pool=InProcessPool
    )
    assert planned._repr_html_() == planned.plan._repr_html_()
    with pytest.raises(FileNotFoundError, match="no report yet"):
        _ = planned.report
    assert Workspace(str(folder / "workspace")).datasets() == ["tickets"]


def test_another_process_finds_the_same_workflow(finished: fw_assets.Workflow, folder: Path) -> None:
    found = fw_assets.workflow("tickets", workspace=folder / "workspace")
    assert found.plan == finished.plan
    assert found.state == "done"
    project = Project(folder)
    done = project.run("status", "tickets", "--json")
    assert json.loads(done.stdout)["datasets"][0]["state"] == "done"
    answers = (folder / "workspace" / "tickets" / "approvals.jsonl").read_text("utf-8")
    assert '"approved_by":"tester"' in answers
    assert '"note":"from a test"' in answers


def test_predictions_are_those_that_the_figures_are_made_of(finished: fw_assets.Workflow) -> None:
    rows = finished.predictions("char-ngram")
    right = (rows["outcome"] == "correct").sum() / len(rows)
    assert right == finished.report.models["accuracy"].item()


def test_a_text_a_list_and_tables_are_labelled_alike(finished: fw_assets.Workflow) -> None:
    texts = ["I was charged twice", "the app crashes"]
    answer = finished.predict(texts[0])
    assert isinstance(answer, LabelledText)
    labelled = finished.predict(texts)
    assert labelled["text"].to_list() == texts
    assert labelled["label"].to_list()[0] == answer.label
    frame = pl.DataFrame({"id": [1, 2], "text": texts})
    from_frame = finished.predict(frame)
    assert from_frame.columns[:2] == ["id", "text"]
    assert from_frame["label"].to_list() == labelled["label"].to_list()
    assert finished.predict(frame.lazy(), free=True)["label"].is_in(finished.plan.labels["label"].to_list()).all()


def test_the_workspace_keeps_no_file_of_a_table_that_was_labelled(finished: fw_assets.Workflow, folder: Path) -> None:
    finished.predict(["again and again"])
    assert list((folder / "workspace" / "tickets").glob("prediction_run*/*")) == []


def test_a_file_is_labelled_into_another(finished: fw_assets.Workflow, folder: Path) -> None:
    (folder / "new.csv").write_text("id,text\n1,I was charged twice\n", "utf-8")
    result = finished.predict_file("new.csv", "labelled.parquet")
    assert (result.rows, result.unanswered) == (1, 0)
    assert pl.read_parquet(folder / "labelled.parquet")["id"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": []}, "no rows"),
        ({"rows": 7}, "expected a table of polars, pandas or pyarrow"),
        ({"rows": ["a"], "threshold": 3}, "threshold: expected a number from 0 to 1"),
        ({"rows": ["a"], "threshold": math.nan}, "threshold: expected a number from 0 to 1"),
        ({"rows": ["a"], "max_spend_usd": math.nan}, "max_spend_usd: expected an amount"),
        ({"rows": ["a"], "max_spend_usd": -1}, "max_spend_usd: expected an amount"),
        ({"rows": "a text", "probabilities": True}, "probabilities: is for the rows of a table"),
        ({"rows": "a text", "threshold": 3}, "threshold: expected a number from 0 to 1"),
        ({"rows": "a text", "threshold": math.nan, "free": True}, "threshold: expected a number from 0 to 1"),
        ({"rows": pl.DataFrame({"x": [1]}), "text_column": "body"}, "body"),
        ({"rows": ["a"], "threshold": "high"}, r"threshold: expected a number \(found 'high'\)"),
        ({"rows": "a text", "threshold": "high"}, r"threshold: expected a number \(found 'high'\)"),
        ({"rows": ["a"], "max_spend_usd": "1"}, r"max_spend_usd: expected a number \(found '1'\)"),
        ({"rows": ["a"], "system": 5}, r"system: expected a text \(found 5\)"),
    ],
)
def test_what_cannot_be_labelled_is_an_error_of_the_input(
    finished: fw_assets.Workflow, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(fw_assets.InputError, match=message):
        finished.predict(**arguments)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": table(), "models": "char-ngram"}, "a table has no name of its own"),
        ({"dataset": pl.DataFrame(), "name": "empty", "models": "char-ngram"}, "no rows"),
        ({"dataset": object(), "name": "thing", "models": "char-ngram"}, "expected a table"),
        ({"dataset": "missing.csv", "models": "char-ngram"}, "missing.csv"),
        (
            {"dataset": INDEXED, "name": "t", "models": "char-ngram", "label_column": "queue"},
            "label_column: 'queue' is the index of the table, and none of its columns\nMake it one, by `table.reset_i",
        ),
        ({"dataset": table(), "name": "Not A Name", "models": "char-ngram"}, "cannot be the name"),
        ({"dataset": table(), "name": 5, "models": "char-ngram"}, r"name: expected a text \(found 5\)"),
        ({"dataset": table(), "name": "t", "models": "char-ngram", "workspace": 5}, "workspace: expected a folder or"),
        ({"dataset": table(), "name": "t", "models": "char-ngram", "workspace": __file__}, "which is a file"),
        ({"dataset": table(), "name": "tickets-2", "modles": "char-ngram"}, "modles: is not a session field"),
        ({"dataset": table(), "name": "tickets-2", "models": "no-such-model"}, "no-such-model"),
    ],
)
def test_what_cannot_be_planned_is_an_error_of_the_input(
    here: Project, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(fw_assets.InputError, match=message):
        fw_assets.plan(make_pool=InProcessPool, **arguments)  # type: ignore[arg-type]
    assert Workspace(str(here.workspace)).datasets() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "nope"}, r"model: expected char-ngram \(found 'nope'\)"),
        ({"model": "char-ngram", "kind": "free"}, r"kind: expected base or tuned \(found 'free'\)"),
        ({"model": "char-ngram", "part": "train"}, r"part: expected validation or test \(found 'train'\)"),
    ],
)
def test_predictions_that_there_cannot_be_are_an_error_of_the_input(
    finished: fw_assets.Workflow, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(fw_assets.InputError, match=message):
        finished.predictions(**arguments)
    with pytest.raises(FileNotFoundError, match=r"char-ngram \(tuned\) has not answered the test rows"):
        finished.predictions("char-ngram", kind="tuned")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": 5}, r"by: expected a text \(found 5\)"),
        ({"note": ["x"]}, r"note: expected a text \(found \['x'\]\)"),
        ({"mitigation": "more"}, r"mitigation: expected none or rebalance or weight or drop-rare \(found 'more'\)"),
    ],
)
def test_a_yes_with_a_wrong_argument_is_an_error_of_the_input(
    finished: fw_assets.Workflow, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(fw_assets.InputError, match=message):
        finished.approve(**arguments)


def test_an_unknown_name_lists_those_that_are_there(finished: fw_assets.Workflow, folder: Path) -> None:
    with pytest.raises(fw_assets.InputError, match="there: tickets"):
        fw_assets.workflow("invoices", workspace=folder / "workspace")
    with pytest.raises(fw_assets.InputError, match="is not the name of a dataset"):
        fw_assets.workflow(None, workspace=folder / "workspace")  # type: ignore[arg-type]


def test_a_yes_is_to_the_plan_that_was_shown(here: Project) -> None:
    shown = fw_assets.plan(here.data, models="char-ngram", mode="benchmark", make_pool=InProcessPool)
    fw_assets.plan(here.data, models="char-ngram", mode="benchmark", seed=7, make_pool=InProcessPool)
    with pytest.raises(fw_assets.StepFailed, match="is now"):
        shown.approve()
    assert shown.state == "waiting"


def test_a_no_starts_nothing_and_can_be_changed(here: Project) -> None:
    work = fw_assets.plan(here.data, models="char-ngram", mode="benchmark", make_pool=InProcessPool)
    assert work.reject(note="too early").state == "rejected"
    with pytest.raises(fw_assets.NotApproved, match="rejected"):
        work.run()
    assert work.approve().state == "running"


def test_a_table_with_other_content_is_another_version(here: Project) -> None:
    first = fw_assets.plan(table(), name="tickets", models="char-ngram", make_pool=InProcessPool)
    again = fw_assets.plan(table(), name="tickets", models="char-ngram", make_pool=InProcessPool)
    assert again.plan == first.plan
    longer = fw_assets.plan(table(160), name="tickets", models="char-ngram", make_pool=InProcessPool)
    assert longer.plan.digest != first.plan.digest
    assert Workspace(str(here.workspace)).datasets() == ["tickets"]
