"""A session with arms that need no tuning, from the plan to a question."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

import fw_assets
from fw_assets.classification.dataset.chat import input_text
from fw_assets.pipeline.automation import schedules
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.regression import reevaluate
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.prediction.served import served_model
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.values.evaluation import BaseMetrics
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.chat_servers import chat_server
from fw_assets_tests.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples" / "support-intents.jsonl"
MEANINGS = "{billing: 'Invoices, refunds, charges and payments'}"


def test_arms_are_rows_of_the_comparison(project: Project, watched: None) -> None:
    arguments = ("--label-descriptions", MEANINGS, "--arm", "descriptions", "--arm", "decision", "--benchmark-only")
    done = project.run("run", str(project.data), "--model", "char-ngram", *arguments, "--approve", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    folder = project.workspace / "tickets"
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    names = ["char-ngram", "char-ngram+descriptions", "char-ngram+decision"]
    assert [model["slug"] for model in plan["models"]] == names
    lines = {line["key"]: line for line in plan["estimate"]["lines"]}
    tokens = [lines[f"base-evaluation/{name}"]["parts"][0]["quantity"]["expected"] for name in names]
    assert tokens[0] < tokens[1]
    assert "output is free" in lines["base-evaluation/char-ngram+decision"]["formula"]
    text = (folder / "plan.md").read_text("utf-8")
    assert "Invoices, refunds, charges and payments" in text
    assert "also by descriptions and decision" in text
    assert "char-ngram+descriptions: this model reads the last user turns alone" in text

    report = project.report()
    assert [(item["model"].rsplit("/")[-1], item["arm"]) for item in report["candidates"]] == [
        (name, name.partition("+")[2]) for name in names
    ]
    assert all(item["base"]["rows"] == report["rows"]["test"] for item in report["candidates"])
    # Encoders read no system message: the same answers, and so no difference.
    plain, described = (
        pl.read_parquet(folder / "predictions" / f"{name}-base-test.parquet")["completion"] for name in names[:2]
    )
    assert plain.to_list() == described.to_list()
    pairs = {frozenset((pair["first"], pair["second"])) for pair in report["pairs"]}
    assert len(pairs) == 3
    decided = pl.read_parquet(folder / "predictions" / "char-ngram+decision-base-test.parquet")
    assert decided["completion_tokens"].sum() == 0
    assert report["candidates"][2]["base"]["order"]["rows"] > 0
    assert report["winner"]["model"].rsplit("/")[-1] in names

    asked = project.run("predict", "tickets", "please refund the invoice", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["labels"]


def test_examples_are_the_nearest_training_rows_and_no_others(project: Project, watched: None) -> None:
    rows = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    labels = {input_text(json.dumps(turns)): turns[-1]["content"] for turns in rows}
    with chat_server("copies") as server:
        arguments = ("--endpoint", f"near={server.url}#small", "--arm", "knn", "--arm", "knn-3", "--benchmark-only")
        # A sweep on some of the training rows: examples are looked for among all of them.
        sweep = ("--sweep-rows", "20")
        done = project.run("run", str(project.data), *arguments, *sweep, "--approve", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        folder = project.workspace / "tickets"
        split = pl.read_parquet(folder / "assets" / "label_set.parquet")
        texts = dict(zip(split["id"], map(input_text, split["messages"]), strict=True))
        train = {texts[row] for row in split.filter(pl.col("split") == "train")["id"]}
        held_out = {texts[row] for row in split.filter(pl.col("split") != "train")["id"]}
        own = {input_text(json.dumps(turns)): len(turns) - 1 for turns in rows}
        seen = set()
        for turns in (body["messages"] for body in server.requests):
            text = input_text(json.dumps(turns))
            assert turns[0]["role"] == "system"
            before = turns[1 : -own[text]]
            pairs = list(zip(before[::2], before[1::2], strict=True))
            assert len(pairs) in (0, 2, 3, 4, 8, 16)
            assert all(labels[user["content"]] == answer["content"] for user, answer in pairs)
            assert {user["content"] for user, _ in pairs} <= train - held_out
            seen.add((text, len(pairs)))
        assert {text for text, pairs in seen if pairs == 3} == held_out

        report = project.report()
        plain, chosen, three = (item["base"]["accuracy"] for item in report["candidates"])
        # The server copies the label of the last example, which is the nearest row, however many there are.
        assert plain < chosen == three
        assert report["winner"]["model"].startswith("endpoints/near+knn")
        best = Workspace(str(project.workspace)).require("base_metrics", "tickets", BaseMetrics, "near+knn")
        assert best.examples == 2
        plan = json.loads((folder / "plan.json").read_text("utf-8"))
        tokens = [line["parts"][0]["quantity"]["expected"] for line in plan["estimate"]["lines"]]
        assert tokens[0] < tokens[2] < tokens[1]
        assert "the test rows with the best number" in (folder / "plan.md").read_text("utf-8")

        server.requests.clear()
        host, store = Platform("embedded", project.workspace / ".platform"), Workspace(str(project.workspace))
        with pytest.raises(PhaseError, match="nothing is deployed for tickets: Nothing was fine-tuned: near"):
            host.call(lambda client: reevaluate(client, host, store, "tickets", "2026-03-02", 0.0))
        context = dg.build_schedule_context(scheduled_execution_time=dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC))
        found: Any = schedules.nightly_regression(OWN)(context, workspace=WorkspaceResource(root=store.root))
        assert list(found) == [dg.SkipReason("nothing is deployed")]
        assert not server.requests, "a night asks what was deployed, and no server of the user's"
        text = "please refund the invoice"
        said = project.run("predict", "tickets", text, "--json")
        assert said.returncode == 0, said.stderr
        (body,) = server.requests
        assert body["messages"][-1]["content"] == text
        examples = [turn["content"] for turn in body["messages"] if turn["role"] == "user"][:-1]
        assert len(examples) >= 2
        assert set(examples) <= train
        assert json.loads(said.stdout)["labels"] == [labels[examples[-1]]]
        new, out = project.folder / "new.csv", project.folder / "out.csv"
        new.write_text(f"text\n{text}\nthe app crashes\n")
        done = project.run("predict", "tickets", "--file", str(new), "--out", str(out), "--yes")
        assert done.returncode == 0, done.stderr
        assert pl.read_csv(out)["label"].to_list()[0] == labels[examples[-1]]


def test_examples_in_use_are_those_of_the_evaluation(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same neighbours in the same order: a test row gets the answer that the report is of, whoever asks for it."""
    lines = EXAMPLES.read_text("utf-8").splitlines()[:400]
    project.data.write_text("\n".join(lines) + "\n", "utf-8")
    with chat_server("copies") as server:
        arguments = ("--endpoint", f"near={server.url}#small", "--arm", "knn-3", "--benchmark-only", "--free-rows", "0")
        done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert project.report()["winner"]["model"] == "endpoints/near+knn-3"
        evaluated = [body["messages"] for body in server.requests]
        folder = project.workspace / "tickets"
        recorded = pl.read_parquet(folder / "predictions" / "near+knn-3-base-test.parquet").select("id", "predicted")
        split = pl.read_parquet(folder / "assets" / "label_set.parquet").join(recorded, on="id", maintain_order="right")
        answers = [labels[0] if labels else None for labels in split["predicted"].to_list()]
        turns = [json.loads(messages) for messages in split["messages"]]
        assert len(turns) >= 20

        for name in ("DAGSTER_HOME", "FW_PLATFORM", "FW_PLATFORM_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(project.folder)
        work = fw_assets.workflow("tickets", workspace=project.workspace)
        alone = [(row[0]["content"], answer) for row, answer in zip(turns, answers, strict=True) if len(row) == 2]
        asked = alone[:20]
        server.requests.clear()
        assert [(text, (*work.predict(text, threshold=0).labels, None)[0]) for text, _ in asked] == asked
        assert all(body["messages"] in evaluated for body in server.requests)
        assert len(server.requests) == len(asked) == 20

        server.requests.clear()
        (project.folder / "again.jsonl").write_text("".join(json.dumps({"messages": row}) + "\n" for row in turns))
        again = ("--file", "again.jsonl", "--out", "again.parquet", "--threshold", "0", "--yes")
        done = project.run("predict", "tickets", *again)
        assert done.returncode == 0, done.stderr
        assert pl.read_parquet(project.folder / "again.parquet")["label"].to_list() == answers
        assert all(body["messages"] in evaluated for body in server.requests)
        assert server.requests

        server.requests.clear()
        monkeypatch.setattr(sys, "argv", ["snippet"])
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(project.report()["snippets"]["python"], "snippet", "exec"), {"__name__": "__main__"})
        said = project.run("predict", "tickets", server.requests[0]["messages"][-1]["content"], "--threshold", "0")
        assert said.returncode == 0, said.stderr
        snippet, command = (body["messages"] for body in server.requests)
        assert (snippet, printed.getvalue()) == (command, said.stdout)

    store = Workspace(str(project.workspace))
    served = served_model(store, "tickets")
    gate = served.record.gate.model_copy(update={"decision": "keep-none", "why": "It was not ahead."})
    (caveat,) = replace(served, record=served.record.model_copy(update={"gate": gate})).caveats
    assert "labels of endpoints/near+knn-3 all the same: It was not ahead." in caveat


def test_two_stages_are_compared_with_one_win_and_serve(
    project: Project, watched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [json.loads(line)["messages"] for line in project.data.read_text("utf-8").splitlines()]
    gold = {row[-2]["content"]: row[-1]["content"] for row in turns}
    parents = {"billing": "money", "sales": "money", "account": "help", "technical": "help"}
    with chat_server("short", gold=gold) as server:
        server.parents = parents
        given = ("--label-parents", json.dumps(parents), "--arm", "two-stage", "--benchmark-only")
        prices = (f"near={server.url}#small", "--free-rows", "5")
        done = project.run("run", str(project.data), "--endpoint", *prices, *given, "--approve", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        folder = project.workspace / "tickets"
        plan = json.loads((folder / "plan.json").read_text("utf-8"))
        flat, staged = (line["parts"][0]["quantity"]["expected"] for line in plan["estimate"]["lines"])
        assert flat < staged
        text = (folder / "plan.md").read_text("utf-8")
        assert "two-stage asks each row twice" in text
        assert "| money |" in text.replace("`", "")

        report = project.report()
        once, twice = (item["base"] for item in report["candidates"])
        assert once["accuracy"] < twice["accuracy"] == 1.0
        (pair,) = report["pairs"]
        assert {pair["first"], pair["second"]} == {"near", "near+two-stage"}
        assert report["winner"]["model"] == "endpoints/near+two-stage"
        assert report["hierarchy"]["separator"] == ""
        levels = {item["model"]: item["scores"]["accuracy"] for item in report["hierarchy"]["results"]}
        assert [interval["value"] for interval in levels["endpoints/near+two-stage"]] == [1.0, 1.0]
        rows = report["rows"]["validation"] + report["rows"]["test"]
        sent = len(server.requests)
        assert 2 * rows < sent <= 3 * (rows + 5) + 10

        server.requests.clear()
        asked = next(text for text, label in gold.items() if label == "sales")
        said = project.run("predict", "tickets", asked, "--json")
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["labels"] == ["sales"]
        assert len(server.requests) == 2
        file, out = project.folder / "new.csv", project.folder / "out.csv"
        pl.DataFrame({"text": list(gold)[:3]}).write_csv(file)
        done = project.run("predict", "tickets", "--file", str(file), "--out", str(out), "--yes")
        assert done.returncode == 0, done.stderr
        assert pl.read_csv(out)["label"].to_list() == list(gold.values())[:3]
        printed = io.StringIO()
        monkeypatch.setattr(sys, "argv", ["snippet", asked])
        with contextlib.redirect_stdout(printed):
            exec(compile(report["snippets"]["python"], "snippet", "exec"), {"__name__": "__main__"})
        assert printed.getvalue().strip() == "sales"


def test_two_stages_of_labels_without_levels_are_refused(project: Project) -> None:
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--arm", "two-stage")
    assert done.returncode == 2
    assert "the arm `two-stage` asks for the parent first, and the labels have no levels" in " ".join(
        done.stderr.split()
    )


def test_a_description_of_an_unknown_label_is_refused(project: Project) -> None:
    arguments = ("--model", "char-ngram", "--label-descriptions", "{biling: Money}")
    done = project.run("plan", str(project.data), *arguments)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "label_descriptions: 'biling' is no label of this dataset" in said
    assert "Did you mean billing?" in said
