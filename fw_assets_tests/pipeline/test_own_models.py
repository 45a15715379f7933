"""Models that an account has already: adapters and base models of its own as candidates, and deployments that exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fw_assets_tests.embedded.conftest import Client, labelled_rows, wait
from fw_assets_tests.project import Done, Project

POOR = ("--lora-rank", "1", "--learning-rate", "0.000001", "--epochs", "1")
"""Settings that teach next to nothing."""
GOOD = ("--lora-rank", "16", "--learning-rate", "0.01", "--epochs", "5")


@pytest.fixture
def account(tmp_path: Path) -> Client:
    return Client(tmp_path / "platform")


@pytest.fixture
def owner(account: Client, project: Project) -> Project:
    """A workspace on the account's platform."""
    project.environment["FW_PLATFORM_HOME"] = str(account.home)
    return project


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A workspace and its platform on which an adapter of char-ngram was trained, which nobody changes."""
    project = Project(tmp_path_factory.mktemp("trained"))
    project.environment["FW_PLATFORM_HOME"] = str(Client(project.folder / "platform").home)
    succeeded(project.run(*project.workflow(*GOOD, "--deploy", "never", "--json")))
    return project


@pytest.fixture
def adapter(trained: Project, tmp_path: Path) -> str:
    """An adapter that the owner has trained; named first, since it is there before its platform is opened."""
    name: str = trained.copied(tmp_path).report()["candidates"][0]["tuned"]["model"]
    return name


def other_workspace(project: Project, name: str) -> Project:
    """Another workspace with the same dataset on the same platform."""
    folder = project.folder / name
    folder.mkdir()
    other = Project(folder)
    other.environment["FW_PLATFORM_HOME"] = project.environment["FW_PLATFORM_HOME"]
    other.make_pool = project.make_pool
    return other


def own_base(account: Client, id: str, *, ready: bool = True) -> str:
    model = {"kind": "HF_BASE_MODEL", "baseModelDetails": {"modelType": "char-ngram"}}
    account.post("/v1/accounts/local/models", {"modelId": id, "model": model})
    if ready:
        account.get(f"/v1/accounts/local/models/{id}:validateUpload")
    return f"accounts/local/models/{id}"


def all_resources(account: Client, collection: str) -> dict[str, Any]:
    items = account.get(f"/v1/accounts/local/{collection}?pageSize=200")[collection]
    return {item["name"]: item for item in items}


def succeeded(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def deployments_of(account: Client, model: str) -> set[str]:
    return {item["name"] for item in all_resources(account, "deployments").values() if item["baseModel"] == model}


def test_an_adapter_of_another_workspace_is_compared_and_deployed_where_its_owner_serves_it(
    adapter: str, account: Client, owner: Project
) -> None:
    slug = adapter.rsplit("/", 1)[-1]
    deployments = "/v1/accounts/local/deployments"
    prod = account.post(f"{deployments}?deploymentId=prod", {"baseModel": adapter, "deploymentShape": "default"})
    wait(lambda: account.get(f"/v1/{prod['name']}"), lambda item: bool(item["state"] == "READY"))
    models, serving = all_resources(account, "models"), deployments_of(account, adapter)
    before = account.get(f"/v1/{prod['name']}")

    other = other_workspace(owner, "second")
    planned = other.run("plan", str(other.data), "--model", "char-ngram", "--model", slug, *POOR)
    assert planned.returncode == 0, planned.stderr
    plan = (other.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert f"Benchmark char-ngram and {slug}, fine-tune char-ngram with 1 setting" in plan.replace("\\", "")
    assert "adapter of char-ngram, evaluated as it is" in plan
    assert "is asked on accounts/local/deployments/prod, which exists and stays as it is" in plan.replace("\\", "")
    assert "figures flatter" in plan
    stated = json.loads((other.workspace / "tickets" / "plan.json").read_text("utf-8"))
    assert [line["key"] for line in stated["estimate"]["lines"] if line["model"] == slug] == [f"base-evaluation/{slug}"]
    assert not [item for item in stated["created"] if slug in item["purpose"]], "what exists is not created"

    report = succeeded(other.run("run", "tickets", "--approve", "--yes", "--json"))
    by_model = {item["model"]: item for item in report["candidates"]}
    assert by_model[adapter]["adapter_of"] == "accounts/fireworks/models/char-ngram"
    assert by_model[adapter]["tuned"] is None, "it is not trained again"
    assert sum(by_model[adapter]["base"]["outcomes"].values()) == report["rows"]["test"]
    pairs = {frozenset(((p["first"], p["first_kind"]), (p["second"], p["second_kind"]))) for p in report["pairs"]}
    kinds = [("char-ngram", "base"), ("char-ngram", "tuned"), (slug, "base")]
    assert pairs == {frozenset((one, two)) for one in kinds for two in kinds if one != two}
    assert (report["choice"]["first"], report["choice"]["second"]) == (slug, "char-ngram")
    assert report["winner"] | {"why": ""} == {
        "model": adapter,
        "kind": "base",
        "base_model": adapter,
        "adapter_of": "accounts/fireworks/models/char-ngram",
        "untuned": "accounts/fireworks/models/char-ngram",
        "why": "",
    }
    deployment = report["deployment"]
    assert (deployment["decision"], deployment["id"]) == ("deployed", prod["name"])
    assert deployment["agreed"] == deployment["replayed"] > 0
    assert deployment["adopted"]
    assert deployment["usd_per_hour"] is not None
    assert "Better than char-ngram, the base model that was best on the validation rows," in deployment["why"]
    assert f"The adapter {slug}, which needs no tuning, is deployed." in report["answer"]
    text = (other.workspace / "tickets" / "final_report.md").read_text("utf-8").replace("\\", "")
    assert "existed before this run" in text
    assert "winner (adapter)" in text
    assert "scales to zero" not in text, "that is its owner's choice"

    after = account.get(f"/v1/{prod['name']}")
    assert {key: after[key] for key in ("baseModel", "autoscalingPolicy", "createTime", "updateTime")} == {
        key: before[key] for key in ("baseModel", "autoscalingPolicy", "createTime", "updateTime")
    }
    assert models.items() <= all_resources(account, "models").items(), "what existed is as it was"
    assert prod["name"] in serving
    assert deployments_of(account, adapter) == serving, "none was added to its owner's"


def test_an_adapter_without_a_deployment_gets_one(adapter: str, account: Client, owner: Project) -> None:
    slug = adapter.rsplit("/", 1)[-1]
    other = other_workspace(owner, "second")
    report = succeeded(
        other.run("run", str(other.data), "--model", adapter, "--benchmark-only", "--approve", "--yes", "--json")
    )
    assert report["status"] == "benchmark"
    (candidate,) = report["candidates"]
    assert (candidate["model"], candidate["strategy"]) == (adapter, "deployment")
    assert f"{slug} has " in report["answer"]
    (deployment,) = [item for item in all_resources(account, "deployments").values() if item["baseModel"] == adapter]
    assert deployment["minReplicaCount"] == 0
    assert report["deployment"]["decision"] == "not-asked"


def test_an_adapter_is_priced_as_its_base_and_by_what_a_deployment_of_it_runs_on(
    account: Client, owner: Project
) -> None:
    account.dataset("train", labelled_rows())
    account.job("mine")
    assert account.finished("mine")["state"] == "JOB_STATE_COMPLETED"
    price = {"model": "accounts/fireworks/models/char-ngram", "item": "deployment-hour", "unit": "hour", "usd": 3.0}
    (account.home / "prices.json").write_text(json.dumps({"prices": [price]}), "utf-8")

    def hour_prices() -> set[float]:
        planned = owner.run("plan", str(owner.data), "--model", "char-ngram", "--model", "mine-model")
        assert planned.returncode == 0, planned.stderr
        plan = json.loads((owner.workspace / "tickets" / "plan.json").read_text("utf-8"))
        (line,) = [line for line in plan["estimate"]["lines"] if line["key"] == "base-evaluation/mine-model"]
        return {part["price"]["usd"] for part in line["parts"] if part["item"] == "deployment-hour"}

    assert hour_prices() == {3.0}
    (account.home / "faults.json").write_text(json.dumps({"accelerators": "4 x NVIDIA_H200_141GB"}), "utf-8")
    mine = {"baseModel": "accounts/local/models/mine-model", "deploymentShape": "default"}
    account.post("/v1/accounts/local/deployments?deploymentId=prod", mine)
    (account.home / "faults.json").write_text(json.dumps({"accelerators": "1 x NVIDIA_H200_141GB"}), "utf-8")
    assert hour_prices() == {32.0}, "prod has four, whatever a new deployment would have"


def test_a_base_model_of_the_account_is_evaluated_and_tuned(account: Client, owner: Project) -> None:
    name = own_base(account, "house-model")
    report = succeeded(
        owner.run("run", str(owner.data), "--model", "house-model", *GOOD, "--approve", "--yes", "--json")
    )
    (candidate,) = report["candidates"]
    assert (candidate["model"], candidate["strategy"], candidate["adapter_of"]) == (name, "deployment", "")
    assert candidate["tuned"]["accuracy"] > candidate["base"]["accuracy"]
    tuned = all_resources(account, "models")[candidate["tuned"]["model"]]
    assert tuned["peftDetails"]["baseModel"] == name


@pytest.mark.parametrize(
    ("models", "more", "message"),
    [
        (["accounts/acme/models/theirs"], [], "shows no model of this name to your key"),
        (["half-there"], [], "half-there cannot be used: it is uploading, and has to be READY"),
        (["nothing-like-it"], [], "'nothing-like-it' is not in the platform's catalogue, and no model of the account"),
        (["char-ngram", "accounts/local/models/char-ngram"], [], "have the same id"),
        (["accounts/local/models/char-ngram"], ["--inference", "serverless"], "is not served without a deployment"),
        (["char-ngram"], ["--warm-start-from", "char-ngram"], "is no LoRA adapter"),
        (["char-ngram"], ["--warm-start-from", "nothing-like-it"], "no model of the account is called"),
        (["char-ngram"], ["--warm-start-from", "accounts/acme/models/x"], "shows no model of this name to your key"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(
    account: Client, owner: Project, models: list[str], more: list[str], message: str
) -> None:
    own_base(account, "half-there", ready=False)
    own_base(account, "char-ngram")
    named = [word for model in models for word in ("--model", model)]
    done = owner.run("plan", str(owner.data), *named, *more)
    assert done.returncode == 2, done.stdout
    assert message in " ".join(done.stderr.split())
    assert not (owner.workspace / "tickets" / "plan.md").exists()


def test_training_continues_an_adapter(adapter: str, account: Client, owner: Project) -> None:
    slug = adapter.rsplit("/", 1)[-1]
    alone = owner.run("plan", str(owner.data), "--model", slug)
    assert "none of" in alone.stderr
    assert "can be fine-tuned" in alone.stderr

    own_base(account, "house-model")
    other = other_workspace(owner, "second")
    foreign = other.run("plan", str(other.data), "--model", "house-model", "--warm-start-from", slug)
    assert foreign.returncode == 2
    assert f"{slug} is an adapter of char-ngram, so that house-model cannot continue it" in " ".join(
        foreign.stderr.split()
    )
    rank = other.run("plan", str(other.data), "--model", "char-ngram", "--warm-start-from", slug, "--lora-rank", "8")
    assert f"a job that continues {slug} keeps its rank, 16" in " ".join(rank.stderr.split())

    arguments = ("--model", "char-ngram", "--warm-start-from", slug, *POOR[2:])
    planned = other.run("plan", str(other.data), *arguments)
    assert planned.returncode == 0, planned.stderr
    plan = json.loads((other.workspace / "tickets" / "plan.json").read_text("utf-8"))
    assert plan["warm_start"] == {"name": adapter, "base_model": "accounts/fireworks/models/char-ngram", "rank": 16}
    assert [cell["lora_rank"] for cell in plan["models"][0]["cells"]] == [16]
    text = (other.workspace / "tickets" / "plan.md").read_text("utf-8").replace("\\", "")
    assert f"continuing {slug}" in text
    assert f"Every job continues the adapter {slug}, which stays as it is." in text
    jobs = all_resources(account, "supervisedFineTuningJobs")
    report = succeeded(other.run("run", "tickets", "--approve", "--yes", "--deploy", "never", "--json"))
    (job,) = [job for name, job in all_resources(account, "supervisedFineTuningJobs").items() if name not in jobs]
    assert (job["warmStartFrom"], job["loraRank"]) == (adapter, 16)
    (candidate,) = report["candidates"]
    assert candidate["warm_start"] == adapter
    first = owner.report()["candidates"][0]["tuned"]
    assert candidate["tuned"]["accuracy"] == pytest.approx(first["accuracy"], abs=0.05), "it has not begun anew"
    assert candidate["tuned"]["accuracy"] > candidate["base"]["accuracy"]
    text = (other.workspace / "tickets" / "final_report.md").read_text("utf-8").replace("\\", "")
    assert "Training continues" in text
    assert f"Fine-tuning continued {slug}" in text


def test_an_adapter_is_asked_for_decisions_too(adapter: str, trained: Project, tmp_path: Path) -> None:
    owner = other_workspace(trained.copied(tmp_path / "copy"), "deciding")
    arguments = ("--model", adapter, "--arm", "decision", "--benchmark-only", "--free-rows", "5")
    succeeded(owner.run("run", str(owner.data), *arguments, "--approve", "--yes", "--json"))
    by_text, by_decision = owner.report()["candidates"]
    assert by_decision["arm"] == "decision"
    assert by_decision["base"]["accuracy"] == by_text["base"]["accuracy"]
    assert by_decision["base"]["order"]["rows"] > 0
    assert by_decision["adapter_of"] == by_text["adapter_of"]
