"""Check of decisions by a plan: deployments that are up are asked, those that a request would wake are not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.catalogue.models import ADAPTER, DEPLOYMENT, CatalogueModel
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.fireworks import Choice, Deployment
from fw_assets.pipeline.planning.decision_check import DecisionCheck, check_decisions
from fw_assets.pipeline.platform.platform import Platform
from fw_assets_tests.report.workflow import planned

PROMPT = planned()[1]
MANY = PROMPT.model_copy(update={"labels": tuple(f"label {number:03d}" for number in range(60))})
PROD = "accounts/acme/deployments/prod"
MINE = "accounts/acme/models/mine"
UP = {"state": "READY", "replicaCount": 1, "replicaStats": {"readyReplicaCount": 1}}


class Served:
    """A client of one deployment, which takes `most` options under the addresses in `known`."""

    def __init__(self, *known: str, most: int = 208, **state: Any) -> None:
        self.known, self.most, self.asked = known, most, list[str]()
        self.shown = Deployment.model_validate({"name": PROD, "baseModel": "accounts/acme/models/base", **UP, **state})

    async def deployment(self, name: str) -> Deployment:
        assert name == PROD
        return self.shown

    async def decision_refusal(self, model: str, question: Choice | None = None) -> str | None:
        self.asked.append(model)
        if model not in self.known:
            return f"model {model} not found"
        if question is not None and len(question.options) > self.most:
            return f"at most {self.most} options are supported"
        return None


@dataclass(frozen=True)
class OnClient(Platform):
    """A platform whose client is given, and which has the sentence encoder."""

    client: Any = None

    @property
    def missing_encoder(self) -> str | None:
        return None

    def call(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def do() -> Any:
            return await work(self.client)

        return asyncio.run(do())


def check(client: Served, *models: CatalogueModel, labels: Any = PROMPT, **session: Any) -> DecisionCheck:
    platform = OnClient("fireworks", Path("unused"), client=client)
    return check_decisions(platform, Session(**session), models, labels)


def named(name: str = PROD) -> CatalogueModel:
    return CatalogueModel(name=name, kind=DEPLOYMENT, deployment=PROD, listed=False)


def test_a_deployment_that_is_up_is_asked_under_its_name() -> None:
    client = Served(PROD)
    found = check(client, named(), named(f"{PROD}+decision"), arms=["decision"])
    assert client.asked == [PROD]
    assert found == DecisionCheck((), {}, ("prod+decision",))


@pytest.mark.parametrize(
    "state",
    [
        {"replicaCount": 0, "replicaStats": {"readyReplicaCount": 0}},
        {"replicaCount": 1, "replicaStats": {"initializingReplicaCount": 1}},
        {"replicaCount": 0, "replicaStats": None},
        {"state": "CREATING"},
    ],
)
def test_what_a_request_would_wake_or_wait_for_is_not_asked(state: dict[str, Any]) -> None:
    client = Served(**state)
    found = check(client, named(f"{PROD}+decision"), arms=["decision"])
    assert client.asked == []
    assert found == DecisionCheck((), {}, ())


def test_a_server_without_counts_by_state_is_taken_by_its_replicas() -> None:
    client = Served(PROD, replicaStats=None)
    assert check(client, named(), inference="decision").asked == ("prod",)


def test_a_deployment_of_few_options_is_asked_among_as_many_as_it_takes() -> None:
    client = Served(PROD, most=26)
    found = check(client, named(f"{PROD}+decision"), labels=MANY, arms=["decision"])
    assert found == DecisionCheck((), {"prod+decision": 26}, ("prod+decision",))


def test_a_refusal_leaves_the_arm_out_or_ends_the_plan() -> None:
    (arm,) = check(Served(), named(f"{PROD}+decision"), arms=["decision"]).left_out
    assert arm.sentence == f"prod is left out of the arm decision: it answers no decisions (model {PROD} not found)."
    with pytest.raises(InputError, match=f"prod answers no decisions: model {PROD} not found"):
        check(Served(), named(), inference="decision")


def test_an_adapter_is_asked_on_the_deployment_that_serves_it_in_any_form_of_address() -> None:
    adapter = CatalogueModel(name=MINE, kind=ADAPTER, deployment=PROD, listed=False)
    client = Served(MINE)
    assert check(client, adapter, inference="decision").asked == ("mine",)
    assert client.asked == [f"{MINE}#{PROD}", MINE]
    alone = CatalogueModel(name=MINE, kind=ADAPTER, listed=False)
    client = Served()
    assert check(client, alone, inference="decision") == DecisionCheck((), {}, ())
    assert client.asked == [], "no deployment serves it yet"
