"""What `fw-assets models` says of each model, and how a session with one that cannot be used is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.cli import main
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform import catalogue as offered
from fw_assets_tests.embedded.conftest import Client, labelled_rows
from fw_assets_tests.project import InProcessPool

OTHERS = (
    CatalogueModel(name="accounts/fireworks/models/qwen-fp8-120b", parameter_count=120 * 10**9, serverless=True),
    CatalogueModel(name="accounts/fireworks/models/asleep-1b", tunable=True, unusable="the weights are not there"),
    CatalogueModel(name="accounts/fireworks/models/gpt-oss-20b", tunable=True, supports_lora=True, serverless=True),
    CatalogueModel(name="accounts/fireworks/models/embedder-2b", tunable=True, kind="EMBEDDING_MODEL"),
    CatalogueModel(name="accounts/fireworks/models/flux-dev", kind="FLUMINA_BASE_MODEL", serverless=True),
    CatalogueModel(name="accounts/fireworks/models/nemotron-30b", tunable=True, retired="2026-12-31"),
)


@pytest.fixture(autouse=True)
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = offered.catalogue

    async def catalogue(client: Fireworks) -> tuple[CatalogueModel, ...]:
        return (*await original(client), *OTHERS)

    monkeypatch.setattr(offered, "catalogue", catalogue)
    monkeypatch.setenv("FW_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments], obj=InProcessPool)


def entries() -> dict[str, Any]:
    return {entry["slug"]: entry for entry in json.loads(run("models", "--json").stdout)["models"]}


def test_what_labels_texts_is_listed_and_the_rest_counted() -> None:
    listing = run("models")
    assert listing.exit_code == 0
    rows = {line.split()[0]: line for line in listing.output.splitlines() if line.strip()}
    assert "live merge" in rows["char-ngram"]
    assert " no " in rows["qwen-fp8-120b"]
    assert "unknown" in rows["nemotron-30b"]
    for slug in ("asleep-1b", "gpt-oss-20b", "embedder-2b", "flux-dev"):
        assert slug not in listing.output
    # The language model is the fifth where its extra or its weights are missing.
    assert re.search(r"\b[45] others cannot label texts; why: fw-assets models --all", listing.output)
    assert "retires nemotron-30b: 2026-12-31" in listing.output


def test_all_says_why_the_others_cannot() -> None:
    listing = " ".join(run("models", "--all").output.split())
    assert "asleep-1b cannot be used: the weights are not there" in listing
    assert "gpt-oss-20b always thinks before it answers" in listing
    assert "embedder-2b answers no chat: the platform lists it as embedding model" in listing
    assert "flux-dev answers no chat: the platform lists it as flumina base model" in listing


def test_every_model_is_there_for_programs() -> None:
    models = entries()
    assert models["char-ngram"]["refused"] is None
    assert models["char-ngram"]["strategy"] == "serverless"
    prices = {price["item"]: price for price in models["char-ngram"]["prices"]}
    assert prices["training"]["usd"] == 0
    assert prices["training"]["source"] == "published by the platform"
    assert "cannot be fine-tuned" in models["qwen-fp8-120b"]["refused"]
    assert models["nemotron-30b"]["retired"] == "2026-12-31"


def test_a_plan_warns_of_a_model_that_nothing_serves_once_it_is_trained(tmp_path: Path) -> None:
    data = Path(__file__).parents[2] / "examples" / "support-intents.jsonl"
    planned = run("plan", str(data), "--model", "nemotron-30b", "--inference", "deployment")
    text = " ".join(planned.output.split())
    assert "nemotron-30b trains, but the platform does not say that it serves what was trained" in text
    assert "The platform retires nemotron-30b (2026-12-31)" in text


@pytest.mark.parametrize(
    ("model", "more", "reason"),
    [
        ("qwen-fp8-120b", [], "qwen-fp8-120b cannot be fine-tuned on this platform; nearest that can be used: "),
        ("asleep-1b", [], "asleep-1b cannot be used: the weights are not there; nearest that can be used: "),
        ("qwen-fp8-120b", ["--session"], "qwen-fp8-120b takes no batch inference on this platform; nearest"),
    ],
)
def test_a_session_with_a_model_that_cannot_be_used_is_refused(
    tmp_path: Path, model: str, more: list[str], reason: str
) -> None:
    data = Path(__file__).parents[2] / "examples" / "support-intents.jsonl"
    session = tmp_path / "s.yaml"
    session.write_text("mode: benchmark\ninference: batch\n")
    refused = run("plan", str(data), "--model", model, *[x for flag in more for x in (flag, str(session))])
    assert refused.exit_code == 2, refused.output
    message = " ".join(refused.output.split())
    assert reason in message
    assert "char-ngram" in message


def test_the_models_of_the_account_are_listed_with_their_kind(tmp_path: Path) -> None:
    account = Client(tmp_path / "workspace" / ".platform")
    account.dataset("train", labelled_rows())
    account.job("mine")
    account.finished("mine")
    house = {"kind": "HF_BASE_MODEL", "baseModelDetails": {"modelType": "char-ngram"}}
    account.post("/v1/accounts/local/models", {"modelId": "house", "model": house})
    deployment = {"baseModel": "accounts/local/models/mine-model", "deploymentShape": "default"}
    account.post("/v1/accounts/local/deployments?deploymentId=prod", deployment)
    rows = {line.split()[0]: " ".join(line.split()) for line in run("models").output.splitlines() if line.strip()}
    assert rows["mine-model"] == "mine-model HF_PEFT_ADDON char-ngram evaluated as it is prod"
    assert "HF_BASE_MODEL - house cannot be used: it is uploading, and has to be READY" in rows["house"]
    models = entries()
    assert models["mine-model"]["base_model"] == "accounts/fireworks/models/char-ngram"
    assert models["mine-model"]["listed"] is False
    assert "not trained again" in models["mine-model"]["refused"]
    long = "a-name-of-as-many-characters-as-the-platform-takes-for-an-id-63"
    account.post("/v1/accounts/local/models", {"modelId": long, "model": house})
    listing = run("models").output
    own = listing[listing.index("Of this account") :]
    pieces = [line.split()[0] for line in own.splitlines()[2:] if line.strip()]
    assert long in "".join(pieces), "broken, and not cut"


def test_what_was_trained_here_is_counted_and_not_listed(tmp_path: Path) -> None:
    account = Client(tmp_path / "workspace" / ".platform")
    house = {"kind": "HF_BASE_MODEL", "baseModelDetails": {"modelType": "char-ngram"}}
    for name in ("house", "fwa-char-ngram-r8-lr1e-2-e1-0123456789ab"):
        account.post("/v1/accounts/local/models", {"modelId": name, "model": house})
    listing = run("models").output
    assert "house" in listing
    assert "fwa-char-ngram" not in listing
    assert "Of this account also 1 trained by fw-assets: fw-assets models --all" in listing
    assert "fwa-char-ngram-r8" in run("models", "--all").output


@pytest.mark.parametrize(
    ("text", "said"), [("", "The text is empty"), (" \n", "The text is empty"), ("?!", "says nothing that a session")]
)
def test_a_text_that_says_nothing_is_answered(text: str, said: str) -> None:
    result = CliRunner().invoke(main, ["parse", text])
    assert (result.exit_code, result.stdout) == (0, "")
    assert said in result.stderr
    assert json.loads(CliRunner().invoke(main, ["parse", text, "--json"]).stdout) == {"session": {}, "unused": []}


def test_a_model_of_the_service_is_refused_with_the_way_to_it(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("text,label\n" + "".join(f"row {i},{'ab'[i % 2]}\n" for i in range(40)))
    result = CliRunner().invoke(main, ["plan", str(data), "--model", "qwen3-8b,char-ngram"])
    assert result.exit_code == 2
    assert "'qwen3-8b' is not in the platform's catalogue" in result.stderr
    assert "This is the embedded platform" in result.stderr
    assert "FW_PLATFORM=fireworks" in result.stderr
    assert "'char-ngram'" not in result.stderr


def test_a_model_that_a_server_answers_for_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_INFERENCE_URL", "http://gpu:8000/v1")
    assert "smollm2-135m is answered by the server at http://gpu:8000\n" in run("models").output
    answered = {slug: entry["answered_by"] for slug, entry in entries().items() if entry["answered_by"]}
    assert set(answered.values()) == {"http://gpu:8000"}
    assert "char-ngram" not in answered


def test_the_listing_says_what_each_model_is() -> None:
    said = "Hashed words and character n-grams; the base compares them with the label names."
    assert f"char-ngram: {said}\n" in run("models").output
    assert entries()["char-ngram"]["description"] == said
