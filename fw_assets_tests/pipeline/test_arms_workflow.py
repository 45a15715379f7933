"""A session with arms that need no tuning, from the plan to a question."""

from __future__ import annotations

import json

import polars as pl

from fw_assets_tests.project import Project

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


def test_a_description_of_an_unknown_label_is_refused(project: Project) -> None:
    arguments = ("--model", "char-ngram", "--label-descriptions", "{biling: Money}")
    done = project.run("plan", str(project.data), *arguments)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "label_descriptions: 'biling' is no label of this dataset" in said
    assert "Did you mean billing?" in said
