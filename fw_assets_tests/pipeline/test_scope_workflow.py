"""Rows that belong to no label, through the command line: judged in the report, left without a label by `predict`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.plan.plan import Plan
from fw_assets.report.schema.report import Report
from fw_assets.workspace.scope_predictions import model_scope
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import InProcessPool, Project

SUBJECTS = (
    *("is the sky over Madrid blue", "how do I bake bread", "who won the cup final", "sing me a lullaby"),
    *("when does the museum open", "how tall is Everest", "name a river in Asia", "do cats dream"),
)
ENDS = (
    *("in the early spring", "without any yeast at all", "back in 1974", "as my grandmother did"),
    *("on bank holidays", "measured from the sea", "that flows north", "of mice and birds"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A benchmark on rows of which every fourth is about something else and has the label `none`."""
    project = Project(tmp_path_factory.mktemp("scope"), rows=240)
    project.make_pool = InProcessPool
    rows = [json.loads(line) for line in project.data.read_text("utf-8").splitlines()]
    for number, row in enumerate(rows[::4]):
        row["messages"][-2]["content"] = f"{SUBJECTS[number % 8]} {ENDS[number // 8]}"
        row["messages"][-1]["content"] = "none"
    project.data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    done = project.run(*project.workflow("--benchmark-only", "--wanted-precision", "0.1", "--reject-label", "none"))
    assert done.returncode == 0, done.stderr
    return project


def test_the_report_says_how_each_model_tells_them(project: Project) -> None:
    folder = project.workspace / "tickets"
    report = Report.model_validate_json((folder / "report.json").read_text("utf-8"))
    told = {(item.model.rsplit("/", 1)[-1], item.kind) for item in report.scope}
    assert told >= {("char-ngram", "base"), ("majority", "baseline"), ("tfidf", "baseline")}
    tfidf = next(item.figures for item in report.scope if item.model == "tfidf")
    assert tfidf.test_rows[1] >= 5
    assert tfidf.reject_label is not None
    assert tfidf.reject_label.recall.value > 0.5
    assert {item.score for item in tfidf.aurocs} == {"label", "margin", "entropy", "none"}
    for name in ("final_report.md", "final_report.html"):
        text = (folder / name).read_text("utf-8")
        assert "Rows that belong to no label" in text
        assert "no out-of-scope rows" not in text


def test_predict_leaves_out_labels_below_the_threshold_that_was_chosen(project: Project) -> None:
    store = Workspace(str(project.workspace))
    plan = store.require("plan", "tickets", Plan)
    figures = model_scope(store, "tickets", "char-ngram", "base", plan.session, plan.label_set)
    assert figures is not None
    assert figures.threshold is not None
    texts = pl.DataFrame({"text": ["do cats dream back in 1974", "I was charged twice, please refund me"]})
    texts.write_csv(project.folder / "new.csv")
    done = project.run("predict", "tickets", "--file", "new.csv", "--out", "out.csv", "--json")
    assert done.returncode == 0, done.stderr
    used = json.loads(done.stdout)["threshold"]
    assert (figures.cutoff is not None) == (figures.better == "threshold")
    if figures.cutoff is not None:
        rows = pl.read_csv(project.folder / "out.csv")
        assert rows["abstained"].to_list() == (rows["confidence"] < used).to_list()


def test_a_label_that_the_data_lack_is_an_error_before_anything_is_planned(project: Project, tmp_path: Path) -> None:
    other = project.copied(tmp_path / "other")
    done = other.run("plan", "tickets.jsonl", "--name", "other", "--model", "char-ngram", "--reject-label", "nope")
    assert done.returncode != 0
    assert "reject_label" in done.stderr
    assert "'nope' is no label of this dataset" in done.stderr
