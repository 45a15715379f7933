"""Failures on the platform that a signature heals: jobs and deployments that fail, deployments that are removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.cost.ledger import ENDED_UNCOUNTED
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.embedded.store.resource_names import ACCOUNT
from fw_assets.fireworks._resources import Money
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.ledger_log import parse_ledger
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Done, Project

MODEL = "accounts/fireworks/models/char-ngram"
PRICES = {
    "prices": [
        {"model": MODEL, "item": "training", "unit": "1M tokens", "usd": 50},
        {"model": MODEL, "item": "deployment-hour", "unit": "hour", "usd": 0.5},
    ]
}


class FaultyProject(Project):
    """One model, one grid cell, and a platform with prices and faults."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, rows=160)
        self.home.mkdir(parents=True)
        (folder / "prices.json").write_text(json.dumps(PRICES))
        (folder / "session.yaml").write_text("lora_ranks: 64\nlearning_rates: 0.01\nepochs: 3\n")

    @property
    def home(self) -> Path:
        return self.workspace / ".platform"

    def faults(self, **faults: Any) -> None:
        (self.home / "faults.json").write_text(json.dumps(faults))

    def go(self, *more: str, priced: bool = True) -> Done:
        """Run the workflow; without prices, hours end no step on a busy machine."""
        prices = ("--rehearse-prices", str(self.folder / "prices.json")) if priced else ()
        return self.run(
            *("run", str(self.data), "--model", MODEL, "--yes", "--deploy", "always"),
            *("--session", str(self.folder / "session.yaml"), *prices, *more),
        )

    def listed(self, collection: str) -> list[dict[str, Any]]:
        with open_platform(self.home).database.read() as connection:
            return documents.list_all(connection, collection, ACCOUNT)

    def states(self, collection: str) -> list[str]:
        return sorted(item["state"].removeprefix("JOB_STATE_") for item in self.listed(collection))


@pytest.fixture
def project(tmp_path: Path) -> FaultyProject:
    return FaultyProject(tmp_path)


def job_usd(job: dict[str, Any]) -> float:
    return Money.model_validate(job["estimatedCost"]).usd or 0.0


def check_ledger(project: FaultyProject) -> None:
    """Compare the ledger with the platform's record to the cent; at no time did it pass the ceiling."""
    store = Workspace(str(project.workspace))
    account = approved_account(store, "tickets")
    jobs = project.listed("supervisedFineTuningJobs")
    paid = account.paid_usd("sweep/char-ngram", "full-training/char-ngram")
    assert paid == pytest.approx(sum(map(job_usd, jobs)), abs=0.005)
    failed = [job["name"].rsplit("/", 1)[-1] for job in jobs if job["state"] == "JOB_STATE_FAILED"]
    uncounted = {entry.id: entry for entry in account.entries() if entry.note == ENDED_UNCOUNTED}
    assert set(failed) == set(uncounted)
    assert all(entry.estimated and (entry.usd or 0.0) > 0.1 for entry in uncounted.values())
    assert paid > 0.1
    lines = list(store.lines("tickets", "ledger", f"{account.plan.digest}.jsonl"))
    for count in range(1, len(lines) + 1):
        ledger = parse_ledger(lines[:count])
        assert ledger.spent + ledger.reserved <= account.ceiling + ledger.superseded + 1e-9
    promised = {json.loads(line)[1]["id"] for line in lines if json.loads(line)[0] == "promised"}
    assert {job["name"].rsplit("/", 1)[-1] for job in project.listed("supervisedFineTuningJobs")} <= promised


@pytest.mark.usefixtures("watched")
def test_a_job_that_fails_twice_and_a_deployment_that_fails_once_heal(project: FaultyProject) -> None:
    project.faults(fail_jobs="INTERNAL")
    first = project.go("--approve")
    assert first.returncode == 1
    assert "ended FAILED: the job was made to fail; approve again to try a second time (attempt 2 of 3)" in first.stderr
    unsigned = project.go()
    assert unsigned.returncode == 1
    assert "attempt 2 of 3" in unsigned.stderr
    assert project.states("supervisedFineTuningJobs") == ["FAILED"], "no attempt without a signature"
    status = " ".join(project.run("status", "tickets").stdout.split())
    assert (
        "approve again to try once more (`fw-assets run tickets --approve`, or the asset `approval` in Dagster)"
        in status
    )
    assert "try again with" not in status, "what does not help is not advised"

    second = project.go("--approve")
    assert second.returncode == 1
    assert "(attempt 3 of 3)" in second.stderr
    project.faults(fail_deployments="INTERNAL")
    third = project.go("--approve")
    assert third.returncode == 1
    assert "ended FAILED: the deployment was made to fail; approve again" in third.stderr
    assert project.states("supervisedFineTuningJobs") == ["COMPLETED", "FAILED", "FAILED"]

    project.faults()
    healed = project.go("--approve", "--json")
    assert healed.returncode == 0, healed.stderr
    assert json.loads(healed.stdout)["status"] == "complete"
    assert project.states("supervisedFineTuningJobs") == ["COMPLETED", "FAILED", "FAILED"]
    assert len(project.listed("deployments")) == 2
    check_ledger(project)

    project.faults(idle_days=8)
    removed = project.run("predict", "tickets", "I was charged twice")
    assert removed.returncode == 1
    assert "was removed on the platform" in removed.stderr
    assert "fw-assets deploy tickets" in removed.stderr
    project.faults()
    back = project.run("run", "tickets")
    assert back.returncode == 0, back.stderr
    assert len(project.listed("deployments")) == 3
    assert project.run("predict", "tickets", "I was charged twice").returncode == 0
    (serving,) = [
        item["name"] for item in project.listed("deployments") if item["state"] != "DELETED" and "failure" not in item
    ]
    assert project.report()["deployment"]["id"] == serving
    check_ledger(project)
    before = project.platform()
    assert project.run("run", "tickets").returncode == 0
    assert project.platform() == before


@pytest.mark.usefixtures("watched")
def test_a_refusal_of_the_data_is_not_repeated(project: FaultyProject) -> None:
    project.faults(fail_jobs="INVALID_ARGUMENT")
    for _ in range(2):
        done = project.go("--approve")
        assert done.returncode == 1
        assert "the cause is in the data or the session" in done.stderr
    assert project.states("supervisedFineTuningJobs") == ["FAILED"]
    trail = (project.workspace / "tickets" / "approvals.jsonl").read_text("utf-8").splitlines()
    assert len(trail) == 1, "another signature would change nothing"
