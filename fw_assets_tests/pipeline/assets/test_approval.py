"""What an answer allows: the ceiling, a changed plan, what was not understood, and plans that approve themselves."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fw_assets.definitions import defs
from fw_assets.pipeline.input_digests import incomplete_inputs
from fw_assets.pipeline.phases import APPROVAL, AUTOMATIC, PLANNING, REPORT, Step, config_of, due
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.values.approval import Approval
from fw_assets_tests.pipeline.automation.test_sensors import Daemon, daemon
from fw_assets_tests.pipeline.scenario import Scenario
from fw_assets_tests.project import Project
from fw_assets_tests.terminal import is_readable

__all__ = ["daemon"]

MODEL = "accounts/fireworks/models/char-ngram"
PRICES = [
    {"model": MODEL, "item": "inference-input", "unit": "1M tokens", "usd": 2.0},
    {"model": MODEL, "item": "inference-output", "unit": "1M tokens", "usd": 2.0},
    {"model": MODEL, "item": "training", "unit": "1M tokens", "usd": 5.0},
    {"model": MODEL, "item": "deployment-hour", "unit": "hour", "usd": 3.0},
]


def test_a_ceiling_ends_a_run_and_a_higher_one_takes_it_up(project: Project) -> None:
    prices = project.folder / "prices.json"
    prices.write_text(json.dumps({"prices": PRICES}), "utf-8")
    arguments = project.workflow("--deploy", "always", "--rehearse-prices", str(prices), "--json")
    low = project.run(*arguments, "--max-spend-usd", "0.95")
    assert low.returncode == 4, low.stderr
    report = json.loads(low.stdout)
    assert (report["status"], report["winner"]) == ("incomplete", None)
    assert "would pass the approved $0.9500" in report["incomplete"][0]
    assert "incomplete" in report["answer"]
    assert 0 < report["cost"]["actual_usd"] <= 0.95
    assert "incomplete" in project.run("status", "tickets").stdout

    waiting = project.run(
        "run", str(project.data), "--model", "char-ngram", "--deploy", "always", "--max-spend-usd", "9"
    )
    assert waiting.returncode == 3
    assert "that answer holds no longer" in waiting.stderr
    assert "max_spend_usd: 0.95 before, 9.0 now" in waiting.stderr
    plan = (project.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert "max_spend_usd" in plan

    done = project.run(*arguments, "--max-spend-usd", "9")
    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout)["cost"]
    for line in cost["lines"]:
        assert line["actual_usd"] == pytest.approx(line["estimated_usd"], rel=0.1, abs=1e-4), line
    assert cost["actual_usd"] == pytest.approx(cost["estimated_usd"], rel=0.05)
    assert cost["actual_usd"] == pytest.approx(sum(line["actual_usd"] for line in cost["lines"]))
    assert [line["line"] for line in cost["promised"]] == ["deployment/first-hour"]


def test_nothing_runs_on_a_guess(project: Project) -> None:
    arguments = ("run", str(project.data), "--model", "char-ngram", "--benchmark-only", "--yes")
    guess = project.run(
        *arguments, "--instruction", "Use a 70/30 split and balance by moonlight.", "--approve", "--json"
    )
    assert guess.returncode == 3
    said = json.loads(guess.stdout)
    assert said["state"] == "waiting"
    (left,) = said["unused"]
    assert "moonlight" in left["clause"]
    assert "mitigation" in left["instead"]
    assert "Not understood" in guess.stderr
    assert project.platform()["inference_requests"] == 0
    assert not (project.workspace / "tickets" / "approvals.jsonl").exists()

    alone = project.run(*arguments, "--instruction", "Use a 70/30 split.", "--auto-approve-up-to-usd", "0", "--json")
    assert alone.returncode == 0, alone.stderr
    assert json.loads(alone.stdout)["run"]["approved_by"] == AUTOMATIC
    (line,) = (project.workspace / "tickets" / "approvals.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["automatic"] is True


def test_on_a_terminal_what_is_missing_is_asked_for(project: Project) -> None:
    """Dataset, model, the labels, and the answer; a no is recorded and starts nothing."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        project.command("run"),
        cwd=project.folder,
        env=project.environment | {"TERM": "dumb"},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    seen = ""
    dialogue = [
        ("Dataset (a JSONL file)", str(project.data)),
        ("Models, separated by commas", "char-ngram"),
        ("Are they right?", "y"),
        ("Approve this plan?", "no"),
    ]
    try:
        for question, answer in dialogue:
            seen = read_until(ours, question)
            assert question in seen, seen
            os.write(ours, answer.encode() + b"\n")
        read_until(ours, "\0 never comes")
        assert process.wait(30) == 3
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    (line,) = (project.workspace / "tickets" / "approvals.jsonl").read_text("utf-8").splitlines()
    given = Approval.model_validate_json(line)
    assert (given.decision, given.labels_confirmed) == ("rejected", True)
    assert given.labels == ("account", "billing", "sales", "technical")
    assert project.platform()["inference_requests"] == 0


def read_until(descriptor: int, wanted: str, seconds: float = 60) -> str:
    text, end = "", time.monotonic() + seconds
    while wanted not in text and time.monotonic() < end:
        if is_readable(descriptor, 0.5):
            try:
                text += os.read(descriptor, 65536).decode("utf-8", "replace")
            except OSError:  # the other side is gone
                break
    return text


def test_the_daemon_answers_for_itself_only_what_it_may(daemon: Daemon) -> None:
    daemon.drop("tickets", session="models: [char-ngram]\nmode: benchmark\nauto_approve_up_to_usd: 0\n")
    daemon.look()
    (planning,) = daemon.start()
    execute(daemon.instance, defs, Step(PLANNING, "tickets", None, str(planning.run_key)))
    (request,) = daemon.start()
    assert request.asset_selection == [dg.AssetKey("approval")]
    config = request.run_config["ops"]["approval"]["config"]
    assert (config["approved_by"], config["driver"]) == (AUTOMATIC, "daemon")
    step = Step(APPROVAL, "tickets", None, config["plan_digest"])
    with pytest.raises(dg.Failure, match=r"look at plan\.md again"):
        execute(daemon.instance, defs, step, config | {"plan_digest": "000000000000"})
    execute(daemon.instance, defs, step, config_of(step, "daemon"))
    answer = daemon.store.require("approval", "tickets", Approval)
    assert (answer.decision, answer.automatic, answer.driver) == ("approved", True, "daemon")
    assert started_assets(daemon) == {"base_metrics", "baselines"}


def started_assets(daemon: Daemon) -> set[str]:
    return {key.to_user_string() for request in daemon.start() for key in request.asset_selection or []}


PLAN: dict[str, Any] = {"session": {"mode": "fine-tune", "auto_approve_up_to_usd": 5.0}, "models": [{"slug": "a"}]}


@pytest.mark.parametrize(
    ("estimate", "unused", "state"),
    [
        ({"high": 5.0, "lower_bound": False}, [], "running"),
        ({"high": 5.01, "lower_bound": False}, [], "waiting"),
        ({"high": 1.0, "lower_bound": True}, [], "waiting"),
        ({"high": 1.0, "lower_bound": False}, ["sing"], "waiting"),
    ],
    ids=["cheap enough", "too dear", "a price unknown", "something not understood"],
)
def test_when_a_plan_approves_itself(
    scenario: Scenario, estimate: dict[str, object], unused: list[str], state: str
) -> None:
    for driver in ("daemon", "command-line"):
        scenario.register(driver=driver)
        scenario.put("plan", "c1", digest="p1", **PLAN, estimate=estimate, unused=unused)
        standing = scenario.due(driver)
        assert standing.state == state
        assert [step.assets for step in standing.steps] == ([APPROVAL] if state == "running" else [])
        other = scenario.due("daemon" if driver == "command-line" else "command-line")
        assert other.steps == ()


def test_a_stopped_run_is_due_for_its_report_and_for_nothing_else(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve()
    signature = scenario.store.header("approval", "tickets")
    assert signature is not None
    scenario.put("stopped", signature.digest, reason="too dear", at="1")
    assert [step.assets for step in scenario.due().steps] == [REPORT]
    scenario.put("report", incomplete_inputs(signature.digest))
    assert (scenario.due().steps, scenario.due().state) == ((), "incomplete")
    scenario.approve(at="2")
    assert scenario.due().state == "running", "a second signature is leave to try again"


def test_a_note_says_that_an_answer_was_for_another_plan(scenario: Scenario, tmp_path: Path) -> None:
    scenario.register()
    scenario.plan("p2")
    scenario.approve("p1")
    assert "it is not the plan p1 that was approved before" in due(scenario.store, "tickets").note
