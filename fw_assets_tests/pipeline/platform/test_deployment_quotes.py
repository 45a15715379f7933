"""Deployments priced by the accelerators that the platform would run them on."""

from __future__ import annotations

import json
import re

import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.prices import Price, accelerators_price, shipped_prices
from fw_assets.classification.cost.ranges import exactly
from fw_assets.classification.plan.plan import Plan
from fw_assets.code_location import CODE_LOCATION
from fw_assets.exit_codes import FAILED
from fw_assets.fireworks import Accelerators
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.runner.worker import materialize
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import InProcessPool, Project

B200 = Accelerators(accelerator_type="NVIDIA_B200_180GB", accelerator_count=4)


@pytest.fixture
def rehearsal(here: Project) -> Project:
    """A platform on which a base model runs on four H200."""
    here.make_pool = InProcessPool
    run_on(here, accelerators="4 x NVIDIA_H200_141GB")
    return here


def run_on(project: Project, **faults: str | bool) -> None:
    home = project.workspace / ".platform"
    home.mkdir(parents=True, exist_ok=True)
    (home / "faults.json").write_text(json.dumps(faults), "utf-8")


def plan_of(project: Project) -> Plan:
    assert project.run("plan", str(project.data), "--model", "char-ngram", "--epochs", "1").returncode == 0
    return Workspace(str(project.workspace)).require("plan", "tickets", Plan)


def hour_prices(plan: Plan) -> set[float | None]:
    return {part.price.usd for line in plan.estimate.lines for part in line.parts if part.item == "deployment-hour"}


def test_a_plan_has_the_quoted_price_and_the_users_own_wins(
    rehearsal: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(rehearsal)
    assert hour_prices(plan) == {32.0}
    text = (rehearsal.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert "quoted by the platform: 4 x NVIDIA_H200_141GB at $8.00 an hour" in text
    assert rehearsal.platform()["deployments"] == 0
    own = rehearsal.folder / "own.yaml"
    own.write_text("- {item: accelerator-hour, model: NVIDIA_H200_141GB, usd: 6.5}\n")
    monkeypatch.setenv("FW_PRICES", str(own))
    rehearsal.environment["FW_PRICES"] = str(own)
    assert hour_prices(plan_of(rehearsal)) == {26.0}
    own.write_text("- {item: deployment-hour, model: char-ngram, usd: 2.9}\n")
    assert hour_prices(plan_of(rehearsal)) == {2.9}
    assert hour_usd(shipped_prices(), B200, planned("char-ngram"), tuned=True) == 2.9


def test_a_service_that_creates_what_it_is_to_validate_gets_one_deployment_and_no_plan(rehearsal: Project) -> None:
    run_on(rehearsal, ignore_validate_only=True)
    messages = set()
    for models in (("char-ngram",), ("char-ngram",), ("minilm-ngram",)):
        arguments = [text for model in models for text in ("--model", model)]
        done = rehearsal.run("plan", str(rehearsal.data), *arguments, "--epochs", "1")
        assert done.returncode == FAILED, done.stderr
        messages.add(next(line for line in " ".join(done.stderr.split()).split("Error: ") if "validateOnly" in line))
        assert rehearsal.platform()["deployments"] == 1
    (message,) = messages
    assert re.search(r"deployments/fwa-quote-[0-9a-f]{12} was created by a request for a quote", message)
    assert "it costs money while it is up: delete it on the platform" in message
    assert not (rehearsal.workspace / "tickets" / "plan.md").exists()


H200, MERGED = "1 x NVIDIA_H200_141GB", "4 x NVIDIA_B200_180GB"
RISE = r"tuned-deployment-hour of char-ngram: \$8\.00 -> \$52\.00 per hour"


def test_what_is_trained_is_priced_by_what_it_runs_on_and_never_deployed_for_more_than_was_approved(
    rehearsal: Project,
) -> None:
    run_on(rehearsal, accelerators=H200, merged_accelerators=MERGED)
    first = plan_of(rehearsal)
    assert hour_prices(first) == {8.0}
    text = (rehearsal.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert "it is that of the base model" in text
    assert rehearsal.approve().returncode == 0
    for asset, model in (("base_metrics", "char-ngram"), ("finalists", None), ("sweep", "char-ngram")):
        start(rehearsal, asset, model)
    start(rehearsal, "fine_tuned_models", "char-ngram")
    with pytest.raises(StepFailed, match=RISE):  # the account has a fine-tuned model now, so it can be quoted
        start(rehearsal, "metrics", "char-ngram")
    assert rehearsal.platform()["deployments"] == 0
    assert hour_prices(Workspace(str(rehearsal.workspace)).require("plan", "tickets", Plan)) == {52.0}
    jobs = rehearsal.platform()["supervisedFineTuningJobs"]
    assert rehearsal.approve().returncode == 0
    run = rehearsal.run("run", str(rehearsal.data), "--model", "char-ngram", "--epochs", "1", "--approve")
    assert run.returncode == 0, run.stderr
    assert rehearsal.platform()["supervisedFineTuningJobs"] == jobs
    account = approved_account(Workspace(str(rehearsal.workspace)), "tickets")
    (paid,) = [entry for entry in account.entries() if entry.key == "tuned-evaluation/char-ngram"]
    assert 52.0 * 300 / 3600 < (paid.usd or 0.0) <= (account.estimate.line(paid.key).usd or exactly(0.0)).high

    second = rehearsal.run("plan", str(rehearsal.data), "--name", "again", "--model", "char-ngram", "--epochs", "1")
    assert second.returncode == 0, second.stderr
    again = Workspace(str(rehearsal.workspace)).require("plan", "again", Plan)
    assert again.estimate.high > first.estimate.high
    by_line = {
        line.key: part.price.usd
        for line in again.estimate.lines
        for part in line.parts
        if part.item == "deployment-hour"
    }
    assert set(by_line) >= {"tuned-evaluation/char-ngram", "deployment/proof", "deployment/first-hour"}
    assert set(by_line.values()) == {52.0}
    assert "tuned deployment hour" in (rehearsal.workspace / "again" / "plan.md").read_text("utf-8")


def test_a_quote_that_rises_before_the_deployment_waits_for_another_yes(rehearsal: Project) -> None:
    plan_of(rehearsal)
    assert rehearsal.approve().returncode == 0
    for asset, model in (("base_metrics", "char-ngram"), ("finalists", None), ("sweep", "char-ngram")):
        start(rehearsal, asset, model)
    start(rehearsal, "fine_tuned_models", "char-ngram")
    run_on(rehearsal, accelerators="4 x NVIDIA_H200_141GB", merged_accelerators=MERGED)
    with pytest.raises(StepFailed, match=r"tuned-deployment-hour of char-ngram: \$32\.00 -> \$52\.00") as caught:
        start(rehearsal, "metrics", "char-ngram")
    assert "--approve" in str(caught.value)
    assert rehearsal.platform()["deployments"] == 0


def planned(id: str, parameters: int | None = None) -> PlannedModel:
    name = f"accounts/fireworks/models/{id}"
    return PlannedModel(name=name, slug=id, parameter_count=parameters, tunable=True, strategy="deployment", cells=())


def start(project: Project, asset: str, model: str | None) -> None:
    materialize(str(project.workspace), CODE_LOCATION, Step((asset,), "tickets", model, ""), None)


def test_without_a_quote_or_a_price_of_the_accelerators_the_listed_price_stays() -> None:
    model, book = planned("qwen3-8b", 8 * 10**9), shipped_prices()
    assert hour_usd(book, None, model, tuned=False) is None
    assert hour_usd(book, Accelerators(), model, tuned=True) is None
    unpriced = Accelerators(accelerator_type="AMD_MI300X_192GB", accelerator_count=2)
    assert hour_usd(book, unpriced, planned("qwen3-8b"), tuned=False) is None
    assert hour_usd(book, B200, model, tuned=True) == 52.0
    dearer = Price(item="accelerator-hour", model="NVIDIA_B200_180GB", usd=20.0)
    assert hour_usd(book.with_layer([dearer]), B200, model, tuned=False) == 80.0
    counts = (-4, 10**9)
    assert all(accelerators_price(shipped_prices(), model.name, "NVIDIA_H100_80GB", count) is None for count in counts)
    price = accelerators_price(shipped_prices(), model.name, "NVIDIA_H100_80GB", 1)
    assert isinstance(price, Price)
    assert (price.usd, price.model) == (8.0, "qwen3-8b")
