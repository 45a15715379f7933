"""Deployments priced by the accelerators that the platform would run them on."""

from __future__ import annotations

import json
import re

import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.prices import Price, accelerators_price, shipped_prices
from fw_assets.classification.plan.plan import Plan
from fw_assets.code_location import CODE_LOCATION
from fw_assets.exit_codes import FAILED
from fw_assets.fireworks import Accelerators
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.errors import StepFailed
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
    assert hour_usd(shipped_prices(), B200, planned("char-ngram")) == 2.9


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


def test_a_tuned_model_that_would_run_on_dearer_accelerators_is_not_deployed(rehearsal: Project) -> None:
    plan_of(rehearsal)
    assert rehearsal.approve().returncode == 0
    for asset, model in (("base_metrics", "char-ngram"), ("finalists", None), ("sweep", "char-ngram")):
        start(rehearsal, asset, model)
    start(rehearsal, "fine_tuned_models", "char-ngram")
    run_on(rehearsal, accelerators="4 x NVIDIA_H200_141GB", merged_accelerators="4 x NVIDIA_B200_180GB")
    with pytest.raises(StepFailed, match=r"was not created: the platform quotes 4 x NVIDIA_B200_180GB") as caught:
        start(rehearsal, "metrics", "char-ngram")
    assert "$52.00 an hour" in str(caught.value)
    assert rehearsal.platform()["deployments"] == 0
    account = approved_account(Workspace(str(rehearsal.workspace)), "tickets")
    assert [item.key for item in account.ledger().reservations] == []

    b200 = {"model": "NVIDIA_B200_180GB", "item": "accelerator-hour", "unit": "hour", "usd": 1.25}
    (rehearsal.workspace / ".platform" / "prices.json").write_text(json.dumps({"prices": [b200]}), "utf-8")
    start(rehearsal, "metrics", "char-ngram")
    (paid,) = [entry for entry in account.entries() if entry.key == "tuned-evaluation/char-ngram"]
    idle_window = 300 / 3600
    assert 4 * 1.25 * idle_window < (paid.usd or 0.0) < 2 * 4 * 1.25 * idle_window, (
        "by the list that plans are priced by"
    )


def planned(id: str, parameters: int | None = None) -> PlannedModel:
    name = f"accounts/fireworks/models/{id}"
    return PlannedModel(name=name, slug=id, parameter_count=parameters, tunable=True, strategy="deployment", cells=())


def start(project: Project, asset: str, model: str | None) -> None:
    materialize(str(project.workspace), CODE_LOCATION, Step((asset,), "tickets", model, ""), None)


def test_without_a_quote_or_a_price_of_the_accelerators_the_listed_price_stays() -> None:
    model, book = planned("qwen3-8b", 8 * 10**9), shipped_prices()
    assert hour_usd(book, None, model) is None
    assert hour_usd(book, Accelerators(), model) is None
    unpriced = Accelerators(accelerator_type="AMD_MI300X_192GB", accelerator_count=2)
    assert hour_usd(book, unpriced, planned("qwen3-8b")) is None
    assert hour_usd(book, B200, model) == 52.0
    dearer = Price(item="accelerator-hour", model="NVIDIA_B200_180GB", usd=20.0)
    assert hour_usd(book.with_layer([dearer]), B200, model) == 80.0
    counts = (-4, 10**9)
    assert all(accelerators_price(shipped_prices(), model.name, "NVIDIA_H100_80GB", count) is None for count in counts)
    price = accelerators_price(shipped_prices(), model.name, "NVIDIA_H100_80GB", 1)
    assert isinstance(price, Price)
    assert (price.usd, price.model) == (8.0, "qwen3-8b")
