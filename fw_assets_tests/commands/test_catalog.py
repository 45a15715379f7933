"""What `fw-assets models` says of each model, and how a session with one that cannot be used is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.cli import main
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform import catalogue as offered
from fw_assets_tests.project import InProcessPool

OTHERS = (
    CatalogueModel(name="accounts/fireworks/models/gpt-oss-120b", parameter_count=120 * 10**9, serverless=True),
    CatalogueModel(name="accounts/fireworks/models/asleep-1b", tunable=True, unusable="the weights are not there"),
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
    return {entry["slug"]: entry for entry in json.loads(run("models", "--json").stdout)}


def test_prices_and_reasons_are_listed() -> None:
    listing = run("models")
    assert listing.exit_code == 0
    assert "gpt-oss-120b cannot be fine-tuned on this platform" in listing.output
    assert "asleep-1b cannot be used: the weights are not there" in listing.output
    models = entries()
    assert models["char-ngram"]["refused"] is None
    assert models["char-ngram"]["strategy"] == "serverless"
    prices = {price["item"]: price for price in models["char-ngram"]["prices"]}
    assert prices["training"]["usd"] == 0
    assert prices["training"]["source"] == "published by the platform"
    assert "cannot be fine-tuned" in models["gpt-oss-120b"]["refused"]


@pytest.mark.parametrize(
    ("model", "more", "reason"),
    [
        ("gpt-oss-120b", [], "gpt-oss-120b cannot be fine-tuned on this platform; nearest that can be used: "),
        ("asleep-1b", [], "asleep-1b cannot be used: the weights are not there; nearest that can be used: "),
        ("gpt-oss-120b", ["--session"], "gpt-oss-120b takes no batch inference on this platform; nearest"),
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
