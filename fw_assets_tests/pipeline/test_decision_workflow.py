"""A session that asks by decisions, from the plan to a question; and a platform whose models have none."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import polars as pl
import pytest

from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.free_models.free_model import free_model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.evaluation import Baselines, BaseMetrics, TunedMetrics
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.chat_servers import chat_server
from fw_assets_tests.project import Project


def test_decisions_from_the_plan_to_a_question(project: Project, watched: None) -> None:
    arguments = ("--inference", "decision", "--lora-rank", "64", "--learning-rate", "0.03", "--deploy", "always")
    done = project.run(*project.workflow(*arguments, "--json"))
    assert done.returncode == 0, done.stderr
    folder = project.workspace / "tickets"
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    (line,) = [line for line in plan["estimate"]["lines"] if line["key"] == "base-evaluation/char-ngram"]
    assert "output is free" in line["formula"]
    assert [part["price"]["item"] for part in line["parts"]] == ["inference-input"]
    assert any("decisions: a probability for each label" in step for step in plan["on_approval"])
    (candidate,) = project.report()["candidates"]
    assert candidate["strategy"] == "decision"
    for kind in ("base", "tuned"):
        assert candidate[kind]["order"]["rows"] > 0
        assert candidate[kind]["order"]["flipped"] == 0  # these models read no order
    scored = {item["kind"]: item for item in project.report()["distributions"] if item["kind"] != "baseline"}
    assert scored["fine-tuned"]["against_base"]["rows"] == scored["base"]["scores"]["rows"] > 0
    assert scored["fine-tuned"]["scores"]["log_loss"]["value"] < scored["base"]["scores"]["log_loss"]["value"]
    assert len(project.report()["distributions"]) == 4
    predictions = pl.read_parquet(folder / "predictions" / "char-ngram-tuned-test.parquet")
    assert predictions["completion_tokens"].sum() == 0
    assert predictions["probabilities"].null_count() == 0
    markdown = (folder / "final_report.md").read_text("utf-8")
    assert "with the labels in reverse order" in markdown
    assert "## Probabilities of all labels" in markdown
    assert "/inference/v1/systemone" in markdown

    asked = project.run("predict", "tickets", "please refund the invoice", "--json")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["labels"] == [answer["text"]]
    assert 0 < answer["confidence"] <= 1
    new, out = project.folder / "new.csv", project.folder / "out.csv"
    new.write_text("text\nplease refund the invoice\nthe app crashes\n")
    done = project.run("predict", "tickets", "--file", str(new), "--out", str(out), "--probabilities", "--yes")
    assert done.returncode == 0, done.stderr
    labelled = pl.read_csv(out)
    columns = [name for name in labelled.columns if name.startswith(("p_", "probability"))]
    assert len(columns) > 2
    assert all(abs(sum(row) - 1) < 1e-6 for row in labelled.select(columns).iter_rows())


def test_thresholds_of_several_labels_from_the_session_to_a_question(project: Project) -> None:
    """The choice goes to the jobs of the platform; decisions and baselines are judged by thresholds of their own."""
    rows = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    several = []
    for first, second in zip(rows[:80], rows[80:], strict=True):
        text, labels = first[-2]["content"], [first[-1]["content"]]
        if hash_free(text) % 2:
            text, labels = f"{text} {second[-2]['content']}", sorted({*labels, second[-1]["content"]})
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": json.dumps({"labels": labels})}]
        several += [json.dumps({"messages": turns})]
    project.data.write_text("\n".join(several) + "\n", "utf-8")
    arguments = ("--inference", "decision", "--lora-rank", "64", "--learning-rate", "0.03", "--deploy", "always")
    done = project.run(*project.workflow(*arguments, "--thresholds", "macro-f1", "--json"))
    assert done.returncode == 0, done.stderr
    store = Workspace(str(project.workspace))
    plan = store.require("plan", "tickets", Plan)
    assert any("one threshold for all labels (with the best macro-F1)" in step for step in plan.on_approval)
    default = plan.model_copy(update={"session": plan.session.model_copy(update={"thresholds": "per-label"})})
    assert plan.digest != default.digest
    (cell,) = plan.models[0].cells
    ids = {item.job_id("char-ngram", cell, "train") for item in (plan, default)}
    assert len(ids) == 2
    (trained,) = (project.workspace / ".platform" / "models").glob(f"{plan.job_id('char-ngram', cell, 'train')}*")
    manifest = json.loads((trained / "manifest.json").read_text("utf-8"))
    assert (manifest["spec"]["thresholds"], manifest["thresholds"]) == ("macro-f1", None)

    metrics = store.require("metrics", "tickets", TunedMetrics, "char-ngram")
    thresholds = metrics.thresholds
    assert thresholds is not None
    assert (thresholds.rule, thresholds.by_label, thresholds.allow_empty) == ("macro-f1", (), False)
    frame = pl.read_parquet(project.workspace / "tickets" / "predictions" / "char-ngram-tuned-test.parquet")
    for predicted, told in frame.select("predicted", "probabilities").iter_rows():
        given = thresholds.given({item["label"]: item["p"] for item in told})
        assert sorted(predicted) == sorted(given)
    found = {(item["model"].rsplit("/", 1)[-1], item["kind"]): item for item in project.report()["thresholds"]}
    assert {"macro-f1"} == {item["rule"] for item in found.values()}
    assert {("char-ngram", "base"), ("char-ngram", "fine-tuned"), ("tfidf", "baseline")} <= set(found)
    markdown = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert "## Thresholds of the labels" in markdown

    record = store.require("deployment", "tickets", DeploymentRecord)
    assert record.prompt is not None
    assert record.prompt.thresholds == (metrics if record.serves[1] == "tuned" else base_of(store)).thresholds
    free = free_model(store, Platform("embedded", project.workspace / ".platform"), "tickets", "tfidf")
    scored = store.require("baselines", "tickets", Baselines)
    assert free.prompt.thresholds == next(item for item in scored.found if item.name == "tfidf").thresholds
    test = pl.read_parquet(project.workspace / "tickets" / "predictions" / "tfidf-baseline-test.parquet")
    messages = split_rows(store, "tickets", "test").collect()
    again = free.answers(messages["messages"].to_list())
    assert again["predicted"].to_list() == test["predicted"].to_list()


def hash_free(text: str) -> int:
    return sum(map(ord, text))


def base_of(store: Workspace) -> BaseMetrics:
    return store.require("base_metrics", "tickets", BaseMetrics, "char-ngram")


def test_a_model_without_decisions_is_refused_when_the_plan_is_made(project: Project, watched: None) -> None:
    home = project.workspace / ".platform"
    home.mkdir(parents=True)
    refusal = {"refuse": "POST 400 this model does not support this API", "paths": "systemone"}
    (home / "faults.json").write_text(json.dumps(refusal))
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--inference", "decision")
    assert done.returncode == 2, done.stderr
    said = " ".join(done.stderr.split())
    assert "char-ngram answers no decisions: this model does not support this API" in said
    assert "Nothing was paid" in said


def test_the_arm_of_a_model_without_decisions_is_left_out(project: Project, watched: None) -> None:
    home = project.workspace / ".platform"
    home.mkdir(parents=True)
    refusal = {"refuse": "POST 400 this model does not support this API", "paths": "systemone"}
    (home / "faults.json").write_text(json.dumps(refusal))
    arguments = ("--model", "char-ngram", "--arm", "decision", "--benchmark-only")
    done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    said = "char-ngram is left out of the arm decision: it answers no decisions (this model does not support this API)."
    folder = project.workspace / "tickets"
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    assert [model["slug"] for model in plan["models"]] == ["char-ngram"]
    assert said in plan["warnings"]
    assert (folder / "final_report.md").read_text("utf-8").count(said) == 1
    assert [item["arm"] for item in project.report()["candidates"]] == [""]
    assert not any("decision" in line["key"] for line in plan["estimate"]["lines"])


def test_an_endpoint_with_decisions_has_the_arm_and_serves_by_it(
    project: Project, watched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    gold = {row[-2]["content"]: row[-1]["content"] for row in turns}
    with chat_server("plain") as near, chat_server("plain") as far, chat_server("plain") as none:
        # By texts both say the same of every row; the second takes fewer options than there are labels.
        near.decided, near.most_options, far.most_options = gold, 208, 3
        servers = {"near": near, "far": far, "none": none}
        ends = [part for name, server in servers.items() for part in ("--endpoint", f"{name}={server.url}#small")]
        arguments = (*ends, "--arm", "decision", "--benchmark-only", "--free-rows", "5")
        done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        report = project.report()
        results = {item["model"]: item for item in report["candidates"]}
        assert set(results) == {"endpoints/near", "endpoints/near+decision", "endpoints/far", "endpoints/none"}
        assert results["endpoints/near+decision"]["base"]["accuracy"] == 1.0
        assert results["endpoints/near+decision"]["base"]["order"]["flipped"] == 0
        assert report["winner"]["model"] == "endpoints/near+decision"
        text = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
        assert (
            "far is left out of the arm decision: it takes 3 of the 4 labels at once, and no shortlist of them is made "
            "without the sentence encoder: FW_SENTENCE_ENCODER=0 leaves it out."
        ) in text
        assert "none is left out of the arm decision" in text
        assert f"{near.url}/systemone" in text

        asked, label = next((text, label) for text, label in gold.items() if label == "sales")
        said = project.run("predict", "tickets", asked, "--json")
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["labels"] == [label]
        printed = io.StringIO()
        monkeypatch.setattr(sys, "argv", ["snippet", asked])
        with contextlib.redirect_stdout(printed):
            exec(compile(report["snippets"]["python"], "snippet", "exec"), {"__name__": "__main__"})
        assert printed.getvalue().strip() == label


def test_endpoints_are_asked_for_decisions_alone_where_they_have_them(project: Project) -> None:
    with chat_server("plain") as near, chat_server("plain") as none:
        near.most_options = 208
        planned = ("plan", str(project.data), "--inference", "decision", "--benchmark-only", "--json")
        done = project.run(*planned, "--endpoint", f"near={near.url}#small")
        assert done.returncode == 0, done.stderr
        assert near.requests
        assert all("questions" in body for body in near.requests)
        refused = project.run(*planned, "--endpoint", f"none={none.url}#small")
        assert refused.returncode == 2
        assert "none answers no decisions: " in refused.stdout + refused.stderr
