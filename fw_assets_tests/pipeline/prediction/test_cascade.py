"""A free model first, and the served one where that is not sure: in the report, for one text, and for a file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fw_assets
from fw_assets.classification.errors import InputError
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.price_changes import USUAL, charge
from fw_assets_tests.project import Done, Project

CUES = {"music": "lorem", "travel": "dolor", "sales": "amet", "refund": "elit"}
"""Words that say nothing to a model that was not trained, and all to one that was."""


def word(rng: random.Random) -> str:
    return "".join(rng.choice("qxzwvkj") for _ in range(7))


def cued(rng: random.Random, label: str) -> str:
    return " ".join([*(word(rng) for _ in range(4)), CUES[label], CUES[label]])


def spelled(rng: random.Random, label: str) -> str:
    """A text with the label within a word that no other text has."""
    return " ".join(f"{word(rng)[:4]}{label}{word(rng)[:4]}" for _ in range(3))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A benchmark on texts of which half are known to those who were trained, and half to those who read labels."""
    project, rng = Project(tmp_path_factory.mktemp("cascade")), random.Random(7)
    rows = []
    for index in range(3_200):
        label = list(CUES)[index % 4]
        text = (cued if index % 8 < 4 else spelled)(rng, label)
        rows.append({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]})
    project.data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    charge(project, USUAL)
    done = project.run(*project.workflow("--benchmark-only", "--max-spend-usd", "50"))
    assert done.returncode == 0, done.stderr
    return project


def predict(project: Project, *arguments: str) -> Done:
    done = project.run("predict", "tickets", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def report(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.workspace / "tickets" / "report.json").read_text("utf-8"))
    return found


def test_the_report_recommends_what_costs_less_and_is_better_than_either(project: Project) -> None:
    (found,) = report(project)["cascades"]
    assert found["recommended"]
    assert (found["free"], found["model"], found["kind"]) == ("tfidf", "char-ngram", "base")
    assert 0.3 < found["asked"] < 0.8
    assert found["usd_per_1000"] == pytest.approx(found["asked"] * found["model_usd_per_1000"])
    assert found["usd_interval"][0] < found["usd_per_1000"] < found["usd_interval"][1] < found["model_usd_per_1000"]
    assert found["accuracy"] > max(found["free_accuracy"], found["model_accuracy"])
    assert found["against_model"]["verdict"] == found["against_free"]["verdict"] == "better"
    assert found["curve"][0] == {"asked": 0, "accuracy": pytest.approx(found["free_accuracy"])}
    assert found["curve"][-1] == {"asked": 1, "accuracy": pytest.approx(found["model_accuracy"])}
    assert any("--cascade" in command for command in report(project)["snippets"]["commands"])
    text = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert "Recommended: TF-IDF with logistic regression first, and char-ngram (base) for the" in text
    assert "Accuracy of cascades" in (project.workspace / "tickets" / "final_report.html").read_text("utf-8")


def test_a_text_is_answered_by_whoever_is_sure_of_it(project: Project) -> None:
    rng, before = random.Random(70), project.platform()["inference_requests"]
    sure = json.loads(predict(project, cued(rng, "sales"), "--cascade", "--json").stdout)
    assert sure["labels"] == ["sales"]
    assert "TF-IDF" in sure["model"]
    assert project.platform()["inference_requests"] == before
    unsure = predict(project, spelled(rng, "refund"), "--cascade")
    assert unsure.stdout.strip() == "refund"
    assert "answered by accounts/fireworks/models/char-ngram" in unsure.stderr
    assert project.platform()["inference_requests"] == before + 1


def test_of_a_file_the_unsure_rows_alone_are_priced_and_asked(project: Project) -> None:
    rng, labels = random.Random(71), list(CUES)
    texts = [text(rng, label) for label in labels for text in (cued, spelled)]
    pl.DataFrame({"text": [*texts, "", texts[1]]}).write_csv(project.folder / "new.csv")
    before = project.platform()["inference_requests"]
    refused = project.run("predict", "tickets", "--file", "new.csv", "--out", "new.parquet", "--cascade", "--json")
    assert json.loads(refused.stdout)["requests"] == len(labels)
    done = predict(project, "--file", "new.csv", "--out", "new.parquet", "--cascade", "--yes")
    assert "4 texts answered by TF-IDF" in done.stderr
    assert project.platform()["inference_requests"] == before + len(labels)
    rows = pl.read_parquet(project.folder / "new.parquet")
    assert rows["label"].to_list() == [*(label for label in labels for _ in range(2)), None, labels[0]]
    by = rows["answered_by"].to_list()
    assert ["TF-IDF" in (name or "") for name in by] == [True, False] * len(labels) + [False, False]
    assert by[1] == by[-1] == "accounts/fireworks/models/char-ngram"
    assert by[-2] is None


def test_python_asks_as_the_command_does(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, before = random.Random(72), project.platform()["inference_requests"]
    for name in ("DAGSTER_HOME", "FW_PLATFORM", "FW_PLATFORM_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(project.folder)
    work = fw_assets.workflow("tickets", workspace=project.workspace)
    sure, unsure = cued(rng, "sales"), spelled(rng, "refund")
    answers = [work.predict(text, cascade=True) for text in (sure, unsure)]
    assert [answer.labels for answer in answers] == [("sales",), ("refund",)]
    assert ["TF-IDF" in answer.model for answer in answers] == [True, False]
    frame = work.predict([sure, unsure], cascade=True, yes=True)
    assert frame["label"].to_list() == ["sales", "refund"]
    assert ["TF-IDF" in name for name in frame["answered_by"]] == [True, False]
    assert project.platform()["inference_requests"] == before + 2
    nothing = pl.DataFrame({"text": []}, schema={"text": pl.String})
    assert work.predict(nothing, cascade=True).columns == frame.columns
    for rows in (sure, [sure]):
        with pytest.raises(InputError, match="cascade: is given beside free"):
            work.predict(rows, cascade=True, free=True)


def test_while_the_other_model_is_down_the_rows_of_the_free_one_are_labelled(project: Project) -> None:
    rng, faults = random.Random(73), project.workspace / ".platform" / "faults.json"
    sure, unsure = cued(rng, "music"), spelled(rng, "travel")
    pl.DataFrame({"text": [sure, unsure]}).write_csv(project.folder / "down.csv")
    wanted = ("predict", "tickets", "--file", "down.csv", "--out", "down.parquet", "--cascade", "--yes")
    faults.write_text(json.dumps({"refuse": "POST 404 Model not found", "paths": "chat/completions"}), "utf-8")
    try:
        assert predict(project, sure, "--cascade").stdout.strip() == "music"
        refused = project.run("predict", "tickets", unsure, "--cascade")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "404 NOT_FOUND: Model not found" in refused.stderr
        done = project.run(*wanted)
    finally:
        faults.unlink()
    assert done.returncode == 4
    assert "1 row got no answer" in done.stderr
    rows = pl.read_parquet(project.folder / "down.parquet")
    assert rows["label"].to_list() == ["music", None]
    assert [bool(error) for error in rows["error"]] == [False, True]
    before = project.platform()["inference_requests"]
    assert project.run(*wanted).returncode == 0
    assert project.platform()["inference_requests"] == before + 1
    assert pl.read_parquet(project.folder / "down.parquet")["label"].to_list() == ["music", "travel"]


def test_without_its_deployment_the_free_model_answers_what_it_is_sure_of(project: Project) -> None:
    rng, store = random.Random(74), Workspace(str(project.workspace))
    sure, unsure = cued(rng, "music"), spelled(rng, "travel")
    record, header = store.require("deployment", "tickets", DeploymentRecord), store.header("deployment", "tickets")
    assert header is not None
    name = "accounts/local/deployments/gone"
    gone = record.model_copy(update={"deployment": name, "deployed": True, "address": name})
    store.write("deployment", "tickets", gone, inputs=header.inputs)
    try:
        for texts, code in (([sure], 0), ([sure, unsure], 1)):
            pl.DataFrame({"text": texts}).write_csv(project.folder / "gone.csv")
            out = project.folder / f"gone-{code}.csv"
            asked = ("predict", "tickets", "--file", "gone.csv", "--out", str(out), "--cascade", "--yes")
            done = project.run(*asked)
            assert (done.returncode, out.exists()) == (code, code == 0), done.stderr
        assert f"{name} was removed" in " ".join(done.stderr.split())
        assert predict(project, sure, "--cascade").stdout.strip() == "music"
        refused = project.run("predict", "tickets", unsure, "--cascade")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert name in refused.stderr
    finally:
        store.write("deployment", "tickets", record, inputs=header.inputs)


def test_where_there_is_no_cascade_it_says_why(project: Project, tmp_path: Path) -> None:
    both = project.run("predict", "tickets", "a text", "--free", "--cascade")
    assert both.returncode != 0
    assert "both given" in both.stderr
    small = Project(tmp_path)
    assert small.run(*small.workflow("--benchmark-only")).returncode == 0
    done = small.run("predict", "tickets", "a text", "--cascade")
    assert done.returncode != 0
    assert "tickets has no cascade" in done.stderr
    assert all(item["threshold"] is None for item in report(small)["cascades"])
