"""Prices that change while a plan runs: what is dearer does not start, and everything that was paid is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import PLAN, Step, due
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.worker import materialize
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.price_changes import USUAL, charge
from fw_assets_tests.project import InProcessPool, Project

CELL_ASSETS = ("base_metrics", "sweep", "fine_tuned_models", "metrics", "learning_curve")
DEARER = {
    "base_metrics": ("inference-input", "inference-input of char-ngram: $2.00 -> $2,000.00 per million tokens."),
    "sweep": ("training", "training of char-ngram: $5.00 -> $5,000.00 per million tokens."),
    "fine_tuned_models": ("training", "training of char-ngram: $5.00 -> $5,000.00 per million tokens."),
    "metrics": ("deployment-hour", "deployment-hour of char-ngram: $3.00 -> $3,000.00 per hour."),
    "learning_curve": ("training", "training of char-ngram: $5.00 -> $5,000.00 per million tokens."),
    "deployment": ("deployment-hour", "deployment-hour of char-ngram: $3.00 -> $3,000.00 per hour."),
}
"""Of each step that spends: a price that it uses, and the sentence when that is a thousand times as high."""


def start(project: Project, asset: str) -> None:
    model = "char-ngram" if asset in CELL_ASSETS else None
    materialize(str(project.workspace), CODE_LOCATION, Step((asset,), "tickets", model, ""), None)


def paid(project: Project) -> dict[str, int]:
    """What costs money on the platform: how many of each there are."""
    counts = project.platform()
    return {kind: counts[kind] for kind in ("inference_requests", "supervisedFineTuningJobs", "deployments")}


def test_a_price_that_rose_stops_each_step_and_one_that_fell_stops_none(here: Project) -> None:
    here.make_pool = InProcessPool
    store = Workspace(str(here.workspace))
    charge(here, USUAL)
    grid = ("--lora-rank", "4", "--lora-rank", "8")
    arguments = ("--deploy", "always", "--learning-curve", "--sweep-rows", "40", *grid, "--epochs", "1")
    assert here.run("plan", str(here.data), "--model", "char-ngram", *arguments).returncode == 0
    assert here.approve().returncode == 0
    planned = store.header("plan", "tickets")
    assert planned is not None
    for asset in ("base_metrics", "baselines", "finalists", *CELL_ASSETS[1:], "deployment"):
        if asset in DEARER:
            item, said = DEARER[asset]
            charge(here, {**USUAL, item: USUAL[item] * 1000})
            before, spent = paid(here), approved_account(store, "tickets").ledger()
            with pytest.raises(StepFailed) as caught:
                start(here, asset)
            message = str(caught.value)
            renewed = store.header("plan", "tickets")
            assert renewed is not None
            assert renewed.digest != planned.digest
            assert message.startswith(f"{asset} of tickets, char-ngram was not started: since plan {planned.digest}")
            assert said in message
            assert f"The new plan {renewed.digest} waits for approval" in message
            assert caught.value.exit_code == 3
            assert paid(here) == before
            waiting = due(store, "tickets", driver=None)
            assert (waiting.state, waiting.steps) == ("waiting", ())
            changes = store.require("plan_changes", "tickets", PlanChanges)
            assert (changes.before, said in changes.differences) == (planned.digest, True)
            assert said in (here.workspace / "tickets" / "plan.md").read_text("utf-8").replace("\\", "")
            with open_instance(str(here.workspace)) as instance:
                event = instance.get_latest_materialization_event(dg.AssetKey("plan"))
            assert event is not None
            assert event.asset_materialization is not None
            assert event.asset_materialization.metadata["digest"].value == renewed.digest

            charge(here, USUAL)  # the price of before: the plan of before, and its approval
            materialize(str(here.workspace), CODE_LOCATION, Step(PLAN, "tickets", None, ""), None)
            assert store.header("plan", "tickets") == planned
            assert approved_account(store, "tickets").ledger() == spent
            charge(here, {**USUAL, item: USUAL[item] / 2})
        start(here, asset)
        assert store.header("plan", "tickets") == planned, "what fell, or is as it was, leaves the plan as it is"
        charge(here, USUAL)
    assert due(store, "tickets", driver=None).steps[0].assets == ("deployment", "report")


def test_only_the_dataset_whose_plan_is_touched_is_planned_again(here: Project) -> None:
    here.make_pool = InProcessPool
    store = Workspace(str(here.workspace))
    other = here.folder / "other.jsonl"
    other.write_bytes(here.data.read_bytes())
    charge(here, USUAL)
    for file, mode in ((here.data, ()), (other, ("--benchmark-only",))):
        assert here.run("plan", str(file), "--model", "char-ngram", *mode).returncode == 0
        assert here.approve(name=file.stem).returncode == 0
    charge(here, {**USUAL, "training": 5000.0})
    for dataset in ("tickets", "other"):
        step = Step(("base_metrics",), dataset, "char-ngram", "")
        if dataset == "tickets":
            with pytest.raises(StepFailed, match=r"training of char-ngram: \$5.00 -> \$5,000.00"):
                materialize(str(here.workspace), CODE_LOCATION, step, None)
        else:
            materialize(str(here.workspace), CODE_LOCATION, step, None)
    assert due(store, "tickets", driver=None).state == "waiting"
    assert due(store, "other", driver=None).state == "running"


class RisingPool(InProcessPool):
    """Workers under which a price rises when a step is about to start."""

    def __init__(self, root: str, project: Project, asset: str, prices: Mapping[str, float]) -> None:
        super().__init__(root)
        self._project, self._asset, self._prices = project, asset, prices

    def submit(self, step: Step, config: Mapping[str, Any] | None) -> None:
        if step.assets[0] == self._asset:
            charge(self._project, self._prices)
        super().submit(step, config)


def test_a_run_ends_at_a_price_that_rose_and_a_new_yes_takes_it_up(project: Project) -> None:
    file = charge(project, USUAL)
    dearer = {**USUAL, "training": 10.0}
    project.make_pool = lambda root: RisingPool(root, project, "sweep", dearer)
    stopped = project.run(*project.workflow("--rehearse-prices", file))
    assert stopped.returncode == 3
    assert "sweep of tickets, char-ngram was not started" in stopped.stderr
    assert "training of char-ngram: $5.00 -> $10.00 per million tokens." in stopped.stderr
    asked = project.platform()["inference_requests"]
    assert "waiting" in project.run("status", "tickets").stdout

    waiting = project.run("run", str(project.data), "--model", "char-ngram")
    assert waiting.returncode == 3
    assert "that answer holds no longer" in waiting.stderr
    done = project.run(*project.workflow())
    assert done.returncode == 0, done.stderr
    assert project.platform()["inference_requests"] > asked
    cost = project.report()["cost"]
    assert cost["actual_usd"] == pytest.approx(cost["estimated_usd"], rel=0.05)


def test_a_plan_that_approves_itself_goes_on_at_a_price_that_it_may_pay(project: Project) -> None:
    file = charge(project, USUAL)
    dearer = {**USUAL, "training": 6.0}
    project.make_pool = lambda root: RisingPool(root, project, "sweep", dearer)
    arguments = ("run", str(project.data), "--model", "char-ngram", "--yes", "--rehearse-prices", file)
    done = project.run(*arguments, "--auto-approve-up-to-usd", "20")
    assert done.returncode == 0, done.stderr
    assert "training of char-ngram: $5.00 -> $6.00 per million tokens." in done.stderr
    answers = (project.workspace / "tickets" / "approvals.jsonl").read_text("utf-8").splitlines()
    assert len(answers) == 2
