"""A winner whose deployment was idle for days: named wherever it is missed, and brought back for a priced yes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fw_assets.exit_codes import BAD_INPUT, DONE, FAILED, INCOMPLETE, WAITING
from fw_assets.pipeline.approvals import approved_account
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.automation.test_one_click_jobs import press
from fw_assets_tests.pipeline.test_successors import FaultyProject, check_ledger


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FaultyProject:
    """A finished run whose winner is deployed; each test has a copy of its own."""
    project = FaultyProject(tmp_path_factory.mktemp("finished"))
    done = project.go("--approve")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(finished: FaultyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyProject:
    project = finished.copied(tmp_path)
    monkeypatch.setenv("FW_WORKSPACE", str(project.workspace))
    monkeypatch.chdir(tmp_path)
    return project


def test_nothing_is_brought_back_before_there_is_a_report(tmp_path: Path) -> None:
    project = FaultyProject(tmp_path)
    assert project.run("deploy", "tickets").returncode == BAD_INPUT
    assert project.run("plan", str(project.data), "--model", "char-ngram").returncode == DONE
    done = project.run("deploy", "tickets")
    assert done.returncode == WAITING
    assert "is not approved" in done.stderr


@pytest.mark.usefixtures("watched")
def test_a_removed_winner_is_named_priced_and_brought_back(project: FaultyProject) -> None:
    head = Workspace(str(project.workspace)).header("plan", "tickets")
    assert head is not None
    there = project.run("deploy", "tickets", "--digest", head.digest)
    assert there.returncode == DONE, there.stderr
    assert "is there (READY)" in " ".join(there.stdout.split())
    assert "Nothing was done." in there.stderr
    assert "An hour in which it is up costs $0.50" in " ".join(there.stdout.split())
    assert "deploy" not in project.run("status", "tickets").stdout
    assert "fw-assets deploy tickets" in "\n".join(project.report()["snippets"]["before"])

    project.faults(idle_days=8)
    for command in (("predict", "tickets", "I was charged twice"), ("status",), ("status", "tickets", "--json")):
        said = project.run(*command)
        assert "was removed on the platform" in " ".join((said.stdout + said.stderr).split())
        assert "fw-assets deploy tickets" in " ".join((said.stdout + said.stderr).split())
    project.faults()
    asked = project.run("deploy", "tickets")
    assert asked.returncode == WAITING
    assert "costs $0.50 for each hour in which it is up" in " ".join(asked.stdout.split())
    assert f"fw-assets deploy tickets --digest {head.digest}" in " ".join(asked.stderr.split())
    wrong = project.run("deploy", "tickets", "--digest", "0" * 12)
    assert wrong.returncode == BAD_INPUT
    assert "names its digest" in wrong.stderr
    assert len(project.listed("deployments")) == 1

    project.faults(fail_deployments="INTERNAL")
    failed = project.run("deploy", "tickets", "--digest", head.digest)
    assert failed.returncode == FAILED
    assert "the deployment was made to fail; approve again" in failed.stderr
    project.faults()
    assert "The last attempt: deployment" in " ".join(project.run("deploy", "tickets").stdout.split())
    back = project.run("deploy", "tickets", "--digest", head.digest, "--json")
    assert back.returncode == DONE, back.stderr
    assert "Nothing was done." not in back.stderr
    told = json.loads(back.stdout)
    assert (told["up"], told["usd_per_hour"], told["plan_digest"]) == (True, 0.5, head.digest)
    assert len(project.listed("deployments")) == 3
    assert project.report()["deployment"]["id"] == told["deployment"]
    assert project.run("predict", "tickets", "I was charged twice").returncode == DONE
    check_ledger(project)


@pytest.mark.usefixtures("watched")
def test_a_yes_to_its_own_amount_brings_a_winner_back_above_the_ceiling(project: FaultyProject) -> None:
    account = approved_account(Workspace(str(project.workspace)), "tickets")
    spent = account.ledger().spent
    account.pay("base-evaluation/char-ngram", "what used the slack up", 1, "tokens", account.ceiling - spent - 0.01)
    project.faults(idle_days=8)
    project.run("status")
    project.faults()
    refused = project.go()
    assert refused.returncode == INCOMPLETE, refused.stderr
    assert "fw-assets deploy tickets" in " ".join(refused.stderr.split())
    assert account.ledger().reserved == 0.0, "nothing stays promised"
    assert len(project.listed("deployments")) == 1
    assert project.run("deploy", "tickets").returncode == WAITING
    back = project.run("deploy", "tickets", "--digest", account.plan.digest)
    assert back.returncode == DONE, back.stderr
    assert "holds up to $" in " ".join(back.stderr.split())
    ledger = account.ledger()
    assert account.ceiling < ledger.spent + ledger.reserved <= account.limit_usd(ledger)
    assert len(project.listed("deployments")) == 2


@pytest.mark.usefixtures("watched")
def test_the_job_of_the_ui_adopts_what_is_up_and_creates_what_is_not(project: FaultyProject) -> None:
    head = Workspace(str(project.workspace)).header("plan", "tickets")
    assert head is not None
    yes = {"dataset": "tickets", "approved_by": "ann", "plan_digest": head.digest}
    assert press(project, "deploy_winner", "deploy_again", **yes).success
    assert len(project.listed("deployments")) == 1, "it was there"
    project.faults(idle_days=8)
    project.run("status")  # a look is what removes it here
    saved = project.folder / "saved"
    shutil.copytree(project.workspace / "tickets", saved)
    project.faults()
    assert press(project, "deploy_winner", "deploy_again", dataset="tickets").success
    assert not press(project, "deploy_winner", "deploy_again", **(yes | {"plan_digest": "0" * 12})).success
    assert len(project.listed("deployments")) == 1
    assert press(project, "deploy_winner", "deploy_again", **yes).success
    assert len(project.listed("deployments")) == 2
    assert project.run("deploy", "tickets").returncode == DONE

    shutil.rmtree(project.workspace / "tickets")
    shutil.copytree(saved, project.workspace / "tickets")
    adopted = project.run("deploy", "tickets")
    assert adopted.returncode == WAITING
    assert "serves the same model and is adopted" in " ".join(adopted.stdout.split())
    assert project.run("deploy", "tickets", "--digest", head.digest).returncode == DONE
    assert len(project.listed("deployments")) == 2
