"""A file of texts that belong to no label, through the command line: asked, judged apart, and used by `predict`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.plan.plan import Plan
from fw_assets.report.schema.report import Report
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
TEXTS = [f"{subject} {end}" for subject in SUBJECTS for end in ENDS]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fine-tuning with a table of other texts beside it, whose column of labels is not read."""
    project = Project(tmp_path_factory.mktemp("out-of-scope"), rows=240)
    project.make_pool = InProcessPool
    other = pl.DataFrame({"text": TEXTS, "label": ["billing"] * len(TEXTS)})
    other.write_csv(project.folder / "other.csv")
    done = project.run(*project.workflow("--out-of-scope", "other.csv", "--wanted-precision", "0.1"))
    assert done.returncode == 0, done.stderr
    return project


def test_each_candidate_is_judged_by_a_threshold_and_by_its_confidences(project: Project) -> None:
    folder = project.workspace / "tickets"
    report = Report.model_validate_json((folder / "report.json").read_text("utf-8"))
    told = {(item.model.rsplit("/", 1)[-1], item.kind): item.figures for item in report.scope}
    assert set(told) >= {("char-ngram", "base"), ("char-ngram", "fine-tuned"), ("tfidf", "baseline")}
    tuned = told["char-ngram", "fine-tuned"]
    assert tuned.reject_label is None
    assert tuned.threshold is not None
    assert tuned.better == "threshold"
    assert sum((tuned.validation_rows[1], tuned.test_rows[1])) == len(TEXTS)
    assert {item.score for item in tuned.aurocs} == {"label", "margin", "entropy"}
    assert next(item.auroc.value for item in tuned.aurocs if item.score == "label") > 0.6
    assert report.data.out_of_scope is not None
    assert report.data.out_of_scope.file == "other.csv"
    for name in ("final_report.md", "final_report.html"):
        text = (folder / name).read_text("utf-8")
        assert "Rows that belong to no label" in text
        assert "They are from other.csv, of which no model has learned" in text
        assert "no out-of-scope rows" not in text


def test_their_answers_are_kept_apart_from_the_rows_that_are_scored(project: Project) -> None:
    predictions = project.workspace / "tickets" / "predictions"
    apart = pl.read_parquet(predictions / "char-ngram-tuned-out-of-scope.parquet")
    assert apart.height == len(TEXTS)
    for part in ("validation", "test"):
        scored = pl.read_parquet(predictions / f"char-ngram-tuned-{part}.parquet")
        assert not scored["id"].str.starts_with("out-of-scope").any()
        assert scored["gold"].list.len().min() == 1
    plan = Workspace(str(project.workspace)).require("plan", "tickets", Plan)
    assert set(plan.rows) == {"train", "validation", "test", "excluded"}
    assert sum(plan.rows.values()) == 240


def test_the_plan_prices_them_and_says_what_they_are_for(project: Project) -> None:
    text = (project.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert f"and {len(TEXTS)} out-of-scope rows" in text
    assert f"It also answers the {len(TEXTS)} rows of other.csv, which belong to no label" in text


def test_predict_leaves_the_label_out_below_the_threshold(project: Project) -> None:
    pl.DataFrame({"text": ["do cats dream back in 1974", "I was charged twice"]}).write_csv(project.folder / "new.csv")
    done = project.run("predict", "tickets", "--file", "new.csv", "--out", "out.csv", "--json")
    assert done.returncode == 0, done.stderr
    used = json.loads(done.stdout)["threshold"]
    assert used is not None
    rows = pl.read_csv(project.folder / "out.csv")
    assert rows["abstained"].to_list() == (rows["confidence"] < used).to_list()
    for row in rows.iter_rows(named=True):
        single = json.loads(project.run("predict", "tickets", row["text"], "--json").stdout)
        assert (single["abstained"], single["threshold"]) == (row["abstained"], used)
    snippet = project.report()["snippets"]["python"]
    assert f"{used:.6g}" in snippet
    assert "taken to belong to no label" in snippet


def test_a_changed_file_is_a_new_plan_and_the_difference_is_said(project: Project, tmp_path: Path) -> None:
    other = project.copied(tmp_path / "other")
    store = Workspace(str(other.workspace))
    before = store.require("plan", "tickets", Plan)
    pl.DataFrame({"text": TEXTS[:-1]}).write_csv(other.folder / "other.csv")
    done = other.run("plan", str(other.data), "--model", "char-ngram", "--out-of-scope", "other.csv")
    assert done.returncode in (0, 3), done.stderr
    after = store.require("plan", "tickets", Plan)
    assert after.digest != before.digest
    assert (
        "The out-of-scope rows are different: 64 of other.csv before, 63 of other.csv now." in done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.jsonl", "", ("empty.jsonl",)),
        ("broken.jsonl", '{"messages": [{"role": "user", "content": "hi"}]}\n{"messages": [}\n', ("broken.jsonl", "2")),
        ("same.txt", "sing a song\nsing a song\n", ("same.txt", "expected two different ones")),
        ("missing.csv", None, ("missing.csv",)),
    ],
)
def test_a_file_that_cannot_be_used_is_one_error(
    tmp_path: Path, name: str, content: str | None, told: tuple[str, ...]
) -> None:
    project = Project(tmp_path, rows=60)
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--out-of-scope", name)
    assert done.returncode == 2, done.stderr
    for words in told:
        assert words in done.stderr


def test_rows_of_several_labels_are_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    lines = [f'{{"text": "item {n} of the list {n * 7}", "labels": ["{"ab"[n % 2]}", "c"]}}\n' for n in range(60)]
    project.data.write_text("".join(lines), "utf-8")
    (tmp_path / "other.txt").write_text("sing a song\nbake a bread\n", "utf-8")
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--out-of-scope", "other.txt")
    assert done.returncode == 2
    assert "those of no label have an empty list" in done.stderr
