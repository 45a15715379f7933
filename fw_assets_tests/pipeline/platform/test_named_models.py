"""Models outside the catalogue that a session names, read from a platform, and the deployments that serve them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.fireworks import BadRequest, FineTuningSpec
from fw_assets.pipeline.platform.catalogue import priced_catalogue
from fw_assets.pipeline.platform.named_deployments import NOT_SHOWN as NO_DEPLOYMENT
from fw_assets.pipeline.platform.named_models import NOT_SHOWN, own_entries, with_named_models
from fw_assets.pipeline.platform.platform import Platform
from fw_assets_tests.embedded.conftest import Client, labelled_rows
from fw_assets_tests.fireworks.fake import client_of, reply

ADAPTER = "accounts/local/models/mine-model"
BASE = "accounts/fireworks/models/char-ngram"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with an adapter of rank 64."""
    home = tmp_path_factory.mktemp("platform")
    client = Client(home)
    client.dataset("train", labelled_rows())
    client.job("mine", loraRank=64)
    assert client.finished("mine")["state"] == "JOB_STATE_COMPLETED"
    return home


def named(home: Path, *names: str) -> dict[str, CatalogueModel]:
    """What the names mean beyond the catalogue."""
    platform = Platform(name="embedded", home=home)
    catalogue = priced_catalogue(platform).models
    models = platform.call(lambda client: with_named_models(client, catalogue, names))
    assert models[: len(catalogue)] == catalogue
    return {model.name: model for model in models[len(catalogue) :]}


def test_a_full_name_and_a_short_id_are_read(home: Path) -> None:
    for name in (ADAPTER, "mine-model"):
        (model,) = named(home, name).values()
        assert (model.name, model.is_adapter, model.listed, model.unusable) == (ADAPTER, True, False, "")
        assert (model.base_model, model.rank) == (BASE, 64)
        assert model.parameter_count == 65_536, "its base's"
    assert named(home, "char-ngram", BASE, "Char N-gram", "nothing", "accounts/fireworks/models/nothing") == {}
    (unknown,) = named(home, "accounts/acme/models/x").values()
    assert unknown.unusable == NOT_SHOWN


def test_a_deployment_that_serves_it_is_found_whoever_loaded_it(home: Path) -> None:
    client, at = Client(home), "/v1/accounts/local/deployments"
    assert named(home, ADAPTER)[ADAPTER].deployment == ""
    own = {"baseModel": ADAPTER, "deploymentShape": "default"}
    client.post(f"{at}?deploymentId={deployment_id(ADAPTER)}", own)
    assert named(home, ADAPTER)[ADAPTER].deployment == "", "that of this program is found by its name"
    shared = {"baseModel": BASE, "deploymentShape": "default", "enableAddons": True}
    loaded = client.post(f"{at}?deploymentId=shared", shared)["name"]
    client.post("/v1/accounts/local/deployedModels", {"model": ADAPTER, "deployment": loaded})
    assert named(home, ADAPTER)[ADAPTER].deployment == loaded
    alone = client.post(f"{at}?deploymentId=zeta", own)["name"]
    assert named(home, ADAPTER)[ADAPTER].deployment == alone, "one that serves it alone comes first"
    client.call("DELETE", f"{at}/zeta?ignoreChecks=true")
    client.call("DELETE", f"{at}/shared?ignoreChecks=true")
    assert named(home, ADAPTER)[ADAPTER].deployment == ""


def test_a_deployment_has_the_figures_of_what_answers_there(home: Path) -> None:
    client, at = Client(home), "/v1/accounts/local/deployments"
    for id, model in (("alone", ADAPTER), ("plain", BASE)):
        client.post(f"{at}?deploymentId={id}", {"baseModel": model, "deploymentShape": "default"})
    shared = {"baseModel": BASE, "deploymentShape": "default", "enableAddons": True}
    on = client.post(f"{at}?deploymentId=both", shared)["name"]
    client.post("/v1/accounts/local/deployedModels", {"model": ADAPTER, "deployment": on})
    alone, plain = (f"accounts/local/deployments/{id}" for id in ("alone", "plain"))
    serves = {alone: ADAPTER, plain: BASE, on: BASE, f"{ADAPTER}#{on}": ADAPTER, f"{BASE}#{plain}": BASE}
    found = named(home, *serves)
    assert {name: entry.serves for name, entry in found.items()} == serves
    for name, entry in found.items():
        assert (entry.unusable, entry.listed, entry.tunable, entry.is_named_deployment) == ("", False, False, True)
        assert entry.deployment == name.rpartition("#")[2]
        assert (entry.serves_base, entry.parameter_count) == (BASE, 65_536)
        assert entry.is_trained == (entry.serves == ADAPTER)
        assert {entry.asked_by(way) for way in (None, "batch", "serverless", "decision")} == {"deployment"}
    wrong = f"{ADAPTER}#{plain}"
    assert named(home, wrong)[wrong].unusable == f"{plain} does not serve that model, it is of {BASE}"
    for gone in ("accounts/local/deployments/none", f"{BASE}#accounts/local/deployments/none"):
        assert named(home, gone)[gone].unusable == NO_DEPLOYMENT
        assert (named(home, gone)[gone].refusal(tunable=False, inference=None) or "").startswith(gone)
    for id in ("alone", "plain", "both"):
        client.call("DELETE", f"{at}/{id}?ignoreChecks=true")
    assert named(home, alone)[alone].unusable.startswith("it is deleted")


def test_a_router_is_taken_by_its_name_alone() -> None:
    client, recorder, _ = client_of(lambda request: reply(404))
    (router,) = asyncio.run(with_named_models(client, (), ["accounts/acme/routers/fast"]))
    assert (router.is_router, router.listed, router.tunable) == (True, False, False)
    ways = {None: "serverless", "batch": "serverless", "deployment": "serverless", "decision": "decision"}
    assert {way: router.asked_by(way) for way in ways} == ways  # type: ignore[arg-type]
    assert recorder.calls() == [], "there is nothing to read"


def test_each_model_is_read_once_and_served_by_one_rule() -> None:
    loaded = "accounts/acme/deployments/shared"
    base = {"name": "accounts/acme/models/base", "state": "READY", "kind": "HF_BASE_MODEL"}
    adapter = {
        "name": "accounts/acme/models/mine",
        "state": "READY",
        "kind": "HF_PEFT_ADDON",
        "peftDetails": {"baseModel": base["name"], "r": 8},
        "deployedModelRefs": [{"deployment": loaded, "state": "DEPLOYED"}],
    }

    def handle(request: httpx.Request) -> httpx.Response:
        for model in (base, adapter):
            if request.url.path.endswith(str(model["name"])):
                return reply(200, model)
        if request.url.path.endswith("/models"):
            return reply(200, {"models": [base, adapter]})
        return reply(200, {"deployments": [{"name": loaded, "baseModel": base["name"], "state": "READY"}]})

    client, recorder, _ = client_of(handle)
    (named,) = asyncio.run(with_named_models(client, (), ["mine"]))
    assert named.deployment == loaded
    calls = recorder.calls()
    assert len(calls) == len(set(calls)) == 3
    listed = {entry.name: entry.deployment for entry in asyncio.run(own_entries(client, ()))}
    assert listed == {base["name"]: loaded, adapter["name"]: loaded}


def test_a_job_of_the_client_continues_the_adapter_with_its_rank(home: Path) -> None:
    spec = FineTuningSpec(
        dataset="train", warm_start_from=ADAPTER, lora_rank=64, epochs=1, output_model="next", learning_rate=0.01
    )
    platform = Platform(name="embedded", home=home)
    job = platform.call(lambda client: client.ensure_fine_tuning_job("next", spec))
    assert (job.raw["warmStartFrom"], job.raw["loraRank"]) == (ADAPTER, 64)
    again = platform.call(lambda client: client.ensure_fine_tuning_job("next", spec))
    assert again.name == job.name
    wrong = spec.model_copy(update={"lora_rank": 32})
    with pytest.raises(BadRequest, match=r"loraRank: 32; .* has rank 64, and keeps it"):
        platform.call(lambda client: client.ensure_fine_tuning_job("other", wrong))
    assert Client(home).finished("next")["state"] == "JOB_STATE_COMPLETED"
