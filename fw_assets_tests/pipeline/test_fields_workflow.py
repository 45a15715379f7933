"""A dataset of five fields from the plan to a question: what fine-tuning helps with, and what it cannot."""

from __future__ import annotations

import json
import random
from typing import Any

import polars as pl

from fw_assets_tests.project import Project
from fw_assets_tests.routing_rows import FIELDS, routing_record, write_routing

ASKED = [argument for name in FIELDS for argument in ("--field", name)]


def by_field(report: dict[str, Any], kind: str) -> dict[str, float]:
    (model,) = [item for item in report["fields"]["models"] if item["kind"] == kind]
    return {item["field"]: item["accuracy"] for item in model["fields"]}


def test_five_fields_from_the_plan_to_a_question(project: Project, watched: None) -> None:
    write_routing(project.data, 620)
    done = project.run(*project.workflow(*ASKED, "--lora-rank", "64", "--learning-rate", "0.03", "--json"))
    assert done.returncode == 0, done.stderr
    report = project.report()
    before, after = by_field(report, "base"), by_field(report, "tuned")
    (changes,) = report["fields"]["changes"]
    verdicts = {item["field"]: item["verdict"] for item in changes["changes"] if item["of"] == "field"}
    assert list(verdicts) == list(FIELDS)
    helped = {name for name, verdict in verdicts.items() if verdict == "better"}
    assert helped == {"department", "urgency", "refund", "order"}
    assert all(after[name] > before[name] + 0.2 for name in helped)
    assert verdicts["shift"] in ("as good", "cannot be told")
    assert report["deployment"]["decision"] == "deployed"
    assert "not shown to differ in shift" in report["answer"]

    folder = project.workspace / "tickets"
    plan = (folder / "plan.md").read_text("utf-8")
    assert "Fields of the answers" in plan
    assert "left out of training" not in plan.lower()
    rows = pl.read_parquet(folder / "assets" / "label_set.parquet")
    assert all(list(json.loads(record)) == list(FIELDS) for record in rows["record"])
    predictions = pl.read_parquet(folder / "predictions" / "char-ngram-tuned-test.parquet")
    texts = predictions["completion"].to_list()
    assert all(list(json.loads(text)) == list(FIELDS) for text in texts)
    gold = dict(rows.select("id", "record").iter_rows())
    for name in FIELDS:
        right = [
            json.loads(text)[name] == json.loads(gold[id])[name]
            for id, text in zip(predictions["id"], texts, strict=True)
        ]
        assert after[name] == sum(right) / len(right)
    markdown = (folder / "final_report.md").read_text("utf-8")
    assert "## Per field" in markdown
    assert "dict[str, object]" in markdown

    asked = project.run("predict", "tickets", "my parcel is late, lawyer, refund A-55555", "--json")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert answer["labels"] == ["delivery"]
    assert {name: answer["fields"][name] for name in ("urgency", "refund", "order")} == {
        "urgency": "high",
        "refund": True,
        "order": "A-55555",
    }


def test_lists_and_objects_from_the_plan_to_a_question(project: Project, watched: None) -> None:
    draw = random.Random(3)
    lines = []
    for i in range(300):
        text, made = routing_record(draw)
        tags = [name for name in ("vip", "legal") if draw.random() < 0.4]
        route = {"department": made["department"], "refund": made["refund"] if i % 9 else None}
        answer = {"note": f"n {i}", "tags": tags, "route": route, "steps": [f"step {i}"], "at": {f"id-{i}": True}}
        messages = [
            *([{"role": "user", "content": "hi"}, {"role": "assistant", "content": '{"tags": []}'}] if i % 4 else []),
            {"role": "user", "content": " ".join([text, *tags])},
            {"role": "assistant", "content": json.dumps(answer)},
        ]
        lines.append(json.dumps({"messages": messages}))
    project.data.write_text("\n".join(lines), "utf-8")
    done = project.run(*project.workflow("--field", "*", "--lora-rank", "64", "--learning-rate", "0.03", "--json"))
    assert done.returncode == 0, done.stderr
    folder = project.workspace / "tickets"
    plan = (folder / "plan.md").read_text("utf-8")
    assert "left out" not in plan.split("### Fields of the answers")[1].split("###")[0]
    assert "Whatever else the answers say is left out" not in plan
    rows = pl.read_parquet(folder / "assets" / "label_set.parquet").select("messages", "record")
    for messages, record in rows.iter_rows():
        assert json.loads(record) == json.loads(json.loads(messages)[-1]["content"])
    report = project.report()
    before, after = by_field(report, "base"), by_field(report, "tuned")
    assert list(after) == ["route.department", "note", "tags", "route.refund", "steps", "at"]
    assert after["route.department"] > before["route.department"] + 0.1
    assert after["tags"] > 0.4
    assert [item["kind"] for item in report["fields"]["asked"]] == ["label", "text", "list", "label", "json", "json"]
    predictions = pl.read_parquet(folder / "predictions" / "char-ngram-tuned-test.parquet")
    assert all(list(json.loads(text)) == ["note", "tags", "route", "steps", "at"] for text in predictions["completion"])
    asked = project.run("predict", "tickets", "my parcel is late refund vip", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["fields"]["route"]["department"] == "delivery"


def test_without_the_field_all_but_the_label_are_named_as_left_out(project: Project, watched: None) -> None:
    write_routing(project.data, 120)
    done = project.run("plan", str(project.data), "--model", "char-ngram")
    assert done.returncode == 0, done.stderr
    plan = json.loads((project.workspace / "tickets" / "plan.json").read_text("utf-8"))
    (said,) = [warning for warning in plan["warnings"] if "fields" in warning]
    assert "department is the label. Left out of training and of every answer: urgency (3 values)" in said
    assert "fields: [department, urgency, refund, shift, order], the label first" in said
    rows = pl.read_parquet(project.workspace / "tickets" / "assets" / "label_set.parquet")
    assert "record" not in rows.columns


def test_a_field_that_is_misspelt_ends_before_anything_is_planned(project: Project, watched: None) -> None:
    write_routing(project.data, 60)
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--field", "departement", "--field", "order")
    assert done.returncode == 2, done.stderr
    assert "no answer has a field 'departement'" in done.stderr
    assert "Did you mean department?" in done.stderr
