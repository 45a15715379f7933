"""A fine-tuned model asked for texts and for decisions in one session: rows of one table, either of which can win."""

from __future__ import annotations

import json

import polars as pl

from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.pipeline.evaluation.regression import reevaluate
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.base_results import Unevaluated, store_unevaluated
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

TEXTS, DECISIONS = "char-ngram", "char-ngram+decision"


def test_texts_and_decisions_of_a_fine_tuned_model(project: Project, watched: None) -> None:
    def run() -> None:
        arguments = ("--arm", "decision", "--lora-rank", "64", "--learning-rate", "0.03", "--deploy", "always")
        done = project.run(*project.workflow(*arguments, "--json"))
        assert done.returncode == 0, done.stderr

    run()
    folder, store = project.workspace / "tickets", Workspace(str(project.workspace))
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    lines = {line["key"]: line for line in plan["estimate"]["lines"]}
    decided = lines[f"tuned-evaluation/{DECISIONS}"]
    assert [part["item"] for part in decided["parts"]] == ["tuned-inference-input", "deployment-hour"]
    assert "decisions, whose output is free, on the tuned model's deployment" in decided["formula"]
    assert any("by texts, then by decisions" in step for step in plan["on_approval"])
    report = project.report()
    rows = {item["model"].rsplit("/")[-1]: item for item in report["candidates"]}
    assert set(rows) == {TEXTS, DECISIONS}
    assert all(item[kind]["rows"] == report["rows"]["test"] for item in rows.values() for kind in ("base", "tuned"))
    assert rows[DECISIONS]["tuned"]["order"]["rows"] > 0
    assert rows[DECISIONS]["sweep"] == [] != rows[TEXTS]["sweep"]
    pairs = {
        frozenset(((pair["first"], pair["first_kind"]), (pair["second"], pair["second_kind"])))
        for pair in report["pairs"]
    }
    assert frozenset({(TEXTS, "tuned"), (DECISIONS, "tuned")}) in pairs
    assert frozenset({(DECISIONS, "base"), (DECISIONS, "tuned")}) in pairs
    assert {(point["name"], point["kind"]) for point in report["costs"] if point["kind"] == "tuned"} == {
        (TEXTS, "tuned"),
        (DECISIONS, "tuned"),
    }
    scored = {(item["model"].rsplit("/")[-1], item["kind"]) for item in report["distributions"]}
    assert {(TEXTS, "fine-tuned"), (DECISIONS, "fine-tuned")} <= scored
    assert (DECISIONS, "tuned") in {(item["model"].rsplit("/")[-1], item["kind"]) for item in report["cascades"]}
    text = (folder / "final_report.md").read_text("utf-8")
    # Both read one distribution: the same answers, and texts stand in a tie.
    assert "Against the texts of the fine-tuned char-ngram: decision has the same rows right." in text
    assert report["winner"]["base_model"].endswith(TEXTS)
    assert report["deployment"]["endpoint"].endswith("/chat/completions")
    assert "With the fireworks-ai SDK:" in text
    entries = read_ledger(store, "tickets", "ledger", f"{report['plan_digest']}.jsonl").entries
    assert f"tuned-evaluation/{DECISIONS}" in {entry.key for entry in entries}
    predicted = pl.read_parquet(folder / "predictions" / f"{DECISIONS}-tuned-test.parquet")
    assert predicted["completion_tokens"].sum() == 0

    # Decisions that were better on the validation rows win, and are what is served.
    header = store.header("metrics", "tickets", DECISIONS)
    found = store.require("metrics", "tickets", TunedMetrics, DECISIONS)
    assert header is not None
    headline = found.validation.headline.model_copy(update={"value": 1.0, "high": 1.0})
    better = found.validation.model_copy(update={"accuracy": headline})
    assert better.headline.value == 1.0
    changed = found.model_copy(update={"validation": better})
    store.write("metrics", "tickets", changed, inputs=header.inputs, model=DECISIONS)
    for asset in ("deployment", "report"):
        store.remove(asset, "tickets")
    run()
    report = project.report()
    assert report["winner"]["base_model"].endswith(DECISIONS)
    assert report["deployment"]["endpoint"].endswith("/inference/v1/systemone")
    assert report["deployment"]["agreed"] == report["deployment"]["replayed"] > 0
    record = store.require("deployment", "tickets", DeploymentRecord)
    assert record.prompt is not None
    assert (record.prompt.mode, record.serves) == ("decision", (DECISIONS, "tuned"))
    assert "+decision" not in record.model
    text = (folder / "final_report.md").read_text("utf-8")
    assert "With Python alone:" in text
    assert "| Tuned from | `accounts/fireworks/models/char-ngram` |" in text
    assert "| Asked by | decision |" in text
    card = (folder / "model_card.md").read_text("utf-8")
    assert "base_model: accounts/fireworks/models/char-ngram\n" in card
    asked = project.run("predict", "tickets", "please refund the invoice", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["labels"]
    host = Platform("embedded", project.workspace / ".platform")
    night = host.call(lambda client: reevaluate(client, host, store, "tickets", "2026-03-02", 0.0))
    assert (night.checks.right, night.checks.nights[-1].flips) == (night.checks.nights[-1].right, 0)
    assert night.checks.rows == report["rows"]["test"]
    out = project.folder / "exported"
    exported = project.run("export", "tickets", "--format", "adapter", "--out", str(out))
    assert exported.returncode == 0, exported.stderr
    assert "/inference/v1/systemone" in report["snippets"]["python"]

    # A service that takes the API from its own decision models alone.
    refusal = {"refuse": "POST 400 this model does not support this API", "paths": "systemone"}
    (project.workspace / ".platform" / "faults.json").write_text(json.dumps(refusal))
    for row in (TEXTS, DECISIONS):
        store.remove("metrics", "tickets", row)
    run()
    report = project.report()
    rows = {item["model"].rsplit("/")[-1]: item for item in report["candidates"]}
    assert rows[DECISIONS]["tuned"] is None is not rows[TEXTS]["tuned"]
    said = "The fine-tuned char-ngram is left out of the arm decision: it answers no decisions (this model does not "
    assert said in (folder / "final_report.md").read_text("utf-8")
    assert report["winner"]["base_model"].endswith(TEXTS)

    # Without its base model's decisions there is nothing to compare those of a fine-tuned model with.
    (project.workspace / ".platform" / "faults.json").unlink()
    store_unevaluated(
        store, "tickets", DECISIONS, Unevaluated(why="answers no decisions on its deployment (a refusal)")
    )
    for row in (TEXTS, DECISIONS):
        store.remove("metrics", "tickets", row)
    run()
    rows = {item["model"].rsplit("/")[-1]: item for item in project.report()["candidates"]}
    assert rows[DECISIONS]["base"] is rows[DECISIONS]["tuned"] is None is not rows[TEXTS]["tuned"]
    text = (folder / "final_report.md").read_text("utf-8")
    assert f"{DECISIONS} was not evaluated: it answers no decisions on its deployment (a refusal)." in text
    assert "it answers no decisions (not asked, since its base model answers none)." in text
