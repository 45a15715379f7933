"""Slices of a whole run: from the fields of the rows to the report."""

from __future__ import annotations

import json

import polars as pl

from fw_assets.workspace.dataset_rows import SLICES
from fw_assets_tests.project import Project


def with_tiers(project: Project) -> None:
    """Every third row is of a gold customer, whose label is always another one than the text is about."""
    rows = [json.loads(line) for line in project.data.read_text("utf-8").splitlines()]
    for number, row in enumerate(rows):
        row["customer"] = {"tier": "gold" if number % 3 == 0 else "free", "id": f"C{number}"}
        row["right"] = number % 2 == 0
    project.data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


def test_fields_of_the_rows_reach_the_plan_and_the_report(project: Project, watched: None) -> None:
    with_tiers(project)
    options = ("--slice", "customer.tier", "--slice", "customer.id", "--slice", "right", "--train-fraction", "0.4")
    done = project.run(*project.workflow("--benchmark-only", *options, "--json"))
    assert done.returncode == 0, done.stderr
    plan = (project.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert "## Slices" in plan
    assert "| `customer.tier` | `free` |" in plan
    assert "customer.id has " in plan
    slices = project.report()["slices"]
    assert (slices["model"], slices["kind"], slices["tuned"]) == ("char-ngram", "base", None)
    assert {item["name"] for item in slices["results"] if item["field"] == "customer.tier"} == {"gold", "free"}
    assert {item["name"] for item in slices["results"] if item["field"] == "right"} == {"true", "false"}
    rows = pl.read_parquet(project.workspace / "tickets" / "assets" / "label_set.parquet")
    predictions = pl.read_parquet(project.workspace / "tickets" / "predictions" / "char-ngram-base-test.parquet")
    joined = predictions.join(rows.select("id", SLICES), on="id").unnest(SLICES)
    for item in slices["results"]:
        inside = joined.filter(pl.col(item["field"]) == item["name"])
        assert item["rows"] == inside.height
        assert item["accuracy"] == (inside["outcome"] == "correct").mean()
    number = int(joined["id"][0].split(":")[1]) - 1
    assert joined["customer.tier"][0] == ("gold" if number % 3 == 0 else "free")


def test_a_field_that_no_row_has_ends_before_anything_is_planned(project: Project, watched: None) -> None:
    with_tiers(project)
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--slice", "customer.teir")
    assert done.returncode == 2, done.stderr
    assert "no row has a field customer.teir; the rows' fields are customer, right" in done.stderr
