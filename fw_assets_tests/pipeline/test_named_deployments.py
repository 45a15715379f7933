"""Deployments and routers that a session names in place of models: evaluated as they are, under exactly that name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fw_assets.exit_codes import INCOMPLETE
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.values.base_results import Unevaluated, store_unevaluated
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.embedded.conftest import Client, wait
from fw_assets_tests.pipeline.routing_server import routing_server
from fw_assets_tests.project import Done, Project

POOR = ("--lora-rank", "1", "--learning-rate", "0.000001", "--epochs", "1")
BASE = "accounts/fireworks/models/char-ngram"
ADAPTER = "accounts/local/models/mine-model"
PROD = "accounts/local/deployments/prod"
ROUTER = "accounts/fireworks/routers/rune"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a platform on which an adapter of char-ngram was trained on the project's rows."""
    folder = tmp_path_factory.mktemp("trained")
    account = Client(folder / "platform")
    rows = [json.loads(line) for line in Project(folder).data.read_text("utf-8").splitlines()]
    account.dataset("train", rows)
    account.job("mine", loraRank=64, learningRate=0.03)
    assert account.finished("mine")["state"] == "JOB_STATE_COMPLETED"
    return account.home


class Owner:
    """A workspace on an account that has the adapter, and its deployment `prod`."""

    def __init__(self, trained: Path, folder: Path, serves: str = ADAPTER) -> None:
        shutil.copytree(trained, folder / "platform")
        self.account = Client(folder / "platform")
        body = {"baseModel": serves, "deploymentShape": "default"}
        self.account.post("/v1/accounts/local/deployments?deploymentId=prod", body)
        wait(lambda: self.account.get(f"/v1/{PROD}"), lambda item: bool(item["state"] == "READY"))
        self.project = Project(folder)
        self.project.environment["FW_PLATFORM_HOME"] = str(self.account.home)

    def deployments(self) -> dict[str, Any]:
        items = self.account.get("/v1/accounts/local/deployments?pageSize=200")["deployments"]
        return {item["name"]: item for item in items}

    def plan(self) -> tuple[dict[str, Any], str]:
        folder = self.project.workspace / "tickets"
        return json.loads((folder / "plan.json").read_text("utf-8")), (folder / "plan.md").read_text("utf-8")


def succeeded(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_deployment_is_compared_with_what_is_tuned_kept_and_served(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project, before = owner.project, owner.deployments()
    arguments = ("--model", "char-ngram", "--model", PROD, "--arm", "decision", *POOR)
    report = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))

    plan, text = owner.plan()
    by_name = {item["name"]: item for item in plan["models"]}
    assert not by_name[PROD]["cells"]
    assert by_name[PROD]["parameter_count"] == 65_536, "as of what answers there"
    assert "prod is a deployment that exists: it is evaluated as it is, and not fine-tuned." in text
    assert f"asked under the name {PROD}. It stays as it is" in text
    assert "figures flatter" in text
    assert not [item for item in plan["created"] if item["purpose"].startswith("prod")], "what exists is not created"
    assert [line["key"] for line in plan["estimate"]["lines"] if (line["model"] or "").startswith("prod")] == [
        "base-evaluation/prod",
        "base-evaluation/prod+decision",
    ]

    by_model = {item["model"]: item for item in report["candidates"]}
    by_text, by_decision = by_model[PROD], by_model[f"{PROD}+decision"]
    assert (by_text["named"], by_text["serves"], by_text["tuned"]) == ("deployment", ADAPTER, None)
    assert by_text["base"]["accuracy"] > by_model[BASE]["tuned"]["accuracy"]
    assert by_decision["base"]["accuracy"] == by_text["base"]["accuracy"]
    assert by_decision["base"]["order"]["rows"] > 0
    assert report["deployment"]["decision"] == "keep-base"
    markdown = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert "keep asking the deployment" in markdown
    assert "existed before this run" in markdown
    assert report["snippets"]["model"] == PROD
    assert f'"{PROD}"' in report["snippets"]["python"]

    asked = project.run("predict", "tickets", "please refund the invoice", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["model"] == PROD
    new, out = project.folder / "new.csv", project.folder / "out.csv"
    new.write_text("text\nplease refund the invoice\nthe app crashes\n", "utf-8")
    labelled = project.run("predict", "tickets", "--file", str(new), "--out", str(out), "--yes")
    assert labelled.returncode == 0, labelled.stderr
    after = owner.deployments()
    assert after[PROD] | {"replicaCount": 0} == before[PROD] | {"replicaCount": 0}
    made = [item for name, item in after.items() if name not in before]
    assert all(item["baseModel"] != ADAPTER for item in made), "none was made for what is served already"

    # A row that had turned out to refuse: all that follows from the others is made again without it.
    store = Workspace(str(project.workspace))
    store_unevaluated(store, "tickets", "prod+decision", Unevaluated(why="answers no decisions"))
    report = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))
    without = {item["model"]: item for item in report["candidates"]}
    assert (without[f"{PROD}+decision"]["base"], report["status"]) == (None, "complete")
    assert without[BASE]["tuned"] == by_model[BASE]["tuned"]
    assert report["deployment"]["decision"] == "keep-base"

    owner.account.call("DELETE", f"/v1/{PROD}?ignoreChecks=true")
    gone = project.run("predict", "tickets", "another text", "--json")
    assert gone.returncode != 0
    assert PROD in gone.stderr


def test_a_model_on_a_deployment_is_asked_under_both_names(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path, serves=BASE)
    project, name = owner.project, f"{BASE}#{PROD}"
    arguments = ("--model", name, "--inference", "decision", "--benchmark-only")
    with routing_server(owner.account, ROUTER, BASE) as server:
        project.environment |= {
            "FW_PLATFORM": "fireworks",
            "FIREWORKS_BASE_URL": server.url,
            "FIREWORKS_API_KEY": owner.account.key,
        }
        report = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))
        assert server.named == {name}
    (candidate,) = report["candidates"]
    assert (candidate["model"], candidate["named"], candidate["serves"]) == (name, "deployment", BASE)
    assert candidate["base"]["order"]["rows"] > 0
    assert set(owner.deployments()) == {PROD}


def test_what_cannot_be_asked_is_named(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project = owner.project

    def refusal(*models: str, more: tuple[str, ...] = ()) -> str:
        named = [part for model in models for part in ("--model", model)]
        done = project.run("plan", str(project.data), *named, *more)
        assert done.returncode == 2
        return " ".join(done.stderr.split())

    assert "accounts/local/deployments/none cannot be used: the platform shows no deployment of this name" in refusal(
        "char-ngram", "accounts/local/deployments/none"
    )
    assert "accounts/acme/deployments/prod cannot be used" in refusal("char-ngram", "accounts/acme/deployments/prod")
    assert f"{PROD} does not serve that model" in refusal("char-ngram", f"{BASE}#{PROD}")
    assert "none of prod can be fine-tuned, only evaluated as they are" in refusal(PROD)
    told = refusal("char-ngram", ROUTER)
    assert f"the router {ROUTER} answers no chats: Model not found" in told
    told = refusal(ROUTER, more=("--benchmark-only", "--inference", "decision"))
    assert "rune answers no decisions: Model not found" in told
    owner.account.call("DELETE", f"/v1/{PROD}?ignoreChecks=true")
    assert f"{PROD} cannot be used: it is deleted" in refusal("char-ngram", PROD)


def test_a_router_is_asked_by_texts_and_by_decisions(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project = owner.project
    with routing_server(owner.account, ROUTER, BASE) as server:
        project.environment |= {
            "FW_PLATFORM": "fireworks",
            "FIREWORKS_BASE_URL": server.url,
            "FIREWORKS_API_KEY": owner.account.key,
        }
        arguments = ("--model", ROUTER, "--arm", "decision", "--benchmark-only", "--free-rows", "5")
        report = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))
        assert server.named == {ROUTER}
        assert {path.rsplit("/", 1)[-1] for path in server.asked} == {"completions", "systemone"}
        asked = project.run("predict", "tickets", "please refund the invoice", "--json")
        assert json.loads(asked.stdout)["model"] == ROUTER
    by_text, by_decision = report["candidates"]
    assert (by_text["model"], by_text["named"], by_text["strategy"]) == (ROUTER, "router", "serverless")
    assert by_decision["base"]["accuracy"] == by_text["base"]["accuracy"]
    plan, text = owner.plan()
    assert f"rune is the router {ROUTER}" in text
    assert plan["estimate"]["lower_bound"], "no price of it is published"
    assert not plan["created"]


def test_a_router_of_decision_models_is_asked_by_decisions_alone(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project = owner.project
    with routing_server(owner.account, ROUTER, BASE, answers_chats=False) as server:
        project.environment |= {
            "FW_PLATFORM": "fireworks",
            "FIREWORKS_BASE_URL": server.url,
            "FIREWORKS_API_KEY": owner.account.key,
        }
        refused = project.run("plan", str(project.data), "--model", ROUTER, "--benchmark-only")
        assert f"the router {ROUTER} answers no chats: this model answers decisions" in " ".join(refused.stderr.split())
        planned = project.run(
            "plan", str(project.data), "--model", ROUTER, "--benchmark-only", "--inference", "decision"
        )
        assert planned.returncode == 0, planned.stderr


REFUSES = {"refuse": "POST 400 this model does not support this API", "paths": "systemone"}


def test_a_deployment_that_is_up_is_asked_for_a_decision_by_the_plan(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project, names = owner.project, ("--model", "char-ngram", "--model", PROD)

    def planned(*arguments: str) -> tuple[dict[str, Any], str]:
        done = project.run("plan", str(project.data), *arguments, "--benchmark-only")
        assert done.returncode == 0, done.stderr
        return owner.plan()

    plan, _ = planned(*names, "--arm", "decision")
    assert plan["deciding"] == ["prod+decision"]
    assert not [text for text in plan["warnings"] if "answers decisions" in text]

    faults = owner.account.home / "faults.json"
    faults.write_text(json.dumps(REFUSES), "utf-8")
    plan, text = planned(*names, "--arm", "decision", "--free-rows", "5")
    assert {item["name"] for item in plan["models"]} == {BASE, PROD}
    said = "prod is left out of the arm decision: it answers no decisions (this model does not support this API)."
    assert said in plan["warnings"]
    assert said in text
    refused = project.run("plan", str(project.data), "--model", PROD, "--benchmark-only", "--inference", "decision")
    assert refused.returncode == 2
    assert "prod answers no decisions: this model does not support this API" in " ".join(refused.stderr.split())

    # Scaled to zero, it is not woken, not even to be refused.
    owner.account.call("PATCH", f"/v1/{PROD}:scale", json={"replicaCount": 0})
    plan, text = planned("--model", PROD, "--inference", "decision")
    assert plan["deciding"] == []
    said = (
        "Whether prod answers decisions is asked once it is up, before the first row: a plan wakes no deployment that"
    )
    assert said in text
    assert owner.account.get(f"/v1/{PROD}")["replicaCount"] == 0


def test_a_deployment_that_refuses_decisions_once_it_is_up_keeps_no_other_from_its_report(
    trained: Path, tmp_path: Path
) -> None:
    owner = Owner(trained, tmp_path)
    project = owner.project
    owner.account.call("PATCH", f"/v1/{PROD}:scale", json={"replicaCount": 0})
    with routing_server(owner.account, ROUTER, BASE) as server:
        server.undecided = {PROD}
        project.environment |= {
            "FW_PLATFORM": "fireworks",
            "FIREWORKS_BASE_URL": server.url,
            "FIREWORKS_API_KEY": owner.account.key,
        }
        arguments = ("--model", "char-ngram", "--model", PROD, "--arm", "decision", "--benchmark-only")
        report = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))
    rows = {item["model"]: item for item in report["candidates"]}
    why = "not evaluated: it answers no decisions on its deployment (this model answers chats)"
    assert (rows[f"{PROD}+decision"]["base"], rows[f"{PROD}+decision"]["note"]) == (None, why)
    assert report["status"] == "benchmark"
    assert report["winner"]["model"] == PROD
    assert {name for name, item in rows.items() if item["base"]} == {BASE, f"{BASE}+decision", PROD}
    assert all("prod+decision" not in (pair["first"], pair["second"]) for pair in report["pairs"])
    folder = project.workspace / "tickets"
    text = (folder / "final_report.md").read_text("utf-8")
    assert f"| `prod+decision` | n/a | n/a | n/a | {why} |" in text
    assert f"prod+decision was {why}." in text
    assert not (folder / "predictions" / "prod+decision-base-test.parquet").exists()
    ledger = approved_account(Workspace(str(project.workspace)), "tickets").ledger()
    assert not ledger.reservations
    assert [entry.unit for entry in ledger.entries if entry.key == "base-evaluation/prod+decision"] == [
        "tokens",
        "hours",
    ]


def test_where_no_model_answers_decisions_the_report_has_the_free_ones(trained: Path, tmp_path: Path) -> None:
    owner = Owner(trained, tmp_path)
    project = owner.project
    owner.account.call("PATCH", f"/v1/{PROD}:scale", json={"replicaCount": 0})
    (owner.account.home / "faults.json").write_text(json.dumps(REFUSES), "utf-8")
    arguments = ("--model", PROD, "--inference", "decision", "--benchmark-only")
    done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
    assert done.returncode == INCOMPLETE, done.stderr
    report = project.report()
    assert report["status"] == "incomplete"
    assert report["incomplete"] == [
        "No model of the plan could be evaluated: prod answers no decisions on its deployment (this model does not "
        "support this API)."
    ]
    assert "another way of asking by `inference`" in report["remedy"]
    assert {item["name"] for item in report["baselines"]} == {"tfidf", "majority"}
    text = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert "| `prod` | n/a | – | – | – | – | not evaluated: it answers no decisions on its deployment" in text
    assert "| TF-IDF with logistic regression |" in text
    page = (project.workspace / "tickets" / "final_report.html").read_text("utf-8")
    assert "how good are the base models?" in text
    assert "the winner were chosen" not in text
    for empty in ("Per label", "What was confused with what", "Outcomes", "More figures", "#confusion"):
        assert empty not in text + page

    # Another approval asks it again.
    (owner.account.home / "faults.json").unlink()
    again = succeeded(project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json"))
    (candidate,) = again["candidates"]
    assert (again["status"], candidate["base"]["rows"]) == ("benchmark", again["rows"]["test"])
