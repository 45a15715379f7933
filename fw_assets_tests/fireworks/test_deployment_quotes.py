"""Quotes of deployments: what they say, and a service that takes them for creates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from fw_assets.classification.catalogue.resource_ids import made_here
from fw_assets.fireworks import ApiError, DeploymentSpec, Fireworks, ServerError, ValidateOnlyIgnored
from fw_assets.fireworks._deployment_quotes import quote_id

from .fake import FAULTS, NOT_FOUND, FakePlatform, answers, client_of, reply

SPEC = DeploymentSpec(base_model="accounts/fireworks/models/m")
OTHER = DeploymentSpec(base_model="accounts/fireworks/models/other")
AT = "accounts/acme/deployments"


def validator(answer: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """A platform that answers so to creates and has nothing."""
    return lambda request: NOT_FOUND if request.method == "GET" else answer


def refusal(client: Fireworks, spec: DeploymentSpec = SPEC) -> str:
    """What a quote ends in, on a service that creates what it is to validate."""
    with pytest.raises(ValidateOnlyIgnored) as caught:
        asyncio.run(client.quote_deployment(spec))
    return str(caught.value)


def test_a_quote_says_the_accelerators_or_nothing() -> None:
    spec = SPEC
    told = {"name": "accounts/a/deployments/x", "acceleratorType": "NVIDIA_H200_141GB", "acceleratorCount": 4}
    client, _, _ = client_of(validator(reply(200, told)))
    quote = asyncio.run(client.quote_deployment(spec))
    assert quote is not None
    assert (quote.known, quote.accelerators) == (True, "4 x NVIDIA_H200_141GB")
    client, _, _ = client_of(validator(reply(200, {"acceleratorType": "ACCELERATOR_TYPE_UNSPECIFIED"})))
    unknown = asyncio.run(client.quote_deployment(spec))
    assert unknown is not None
    assert not unknown.known
    for status in (400, 403, 404, 412, 501):
        client, _, _ = client_of(answers(reply(status, {"message": "live merge is not supported"})))
        assert asyncio.run(client.quote_deployment(spec)) is None
        client, recorder, _ = client_of(validator(reply(status, {"message": "live merge is not supported"})))
        assert asyncio.run(client.quote_deployment(spec)) is None
        assert len([request for request in recorder.requests if request.method == "POST"]) == 1
    client, _, _ = client_of(answers(reply(503, {})))
    with pytest.raises(ServerError):
        asyncio.run(client.quote_deployment(spec))
    client, recorder, _ = client_of(answers(reply(200, {"accounts": []})), account=None)
    assert asyncio.run(client.quote_deployment(spec)) is None
    assert recorder.calls() == ["GET /v1/accounts?pageSize=2"]


def test_the_id_of_a_quote_is_of_this_program_and_follows_from_the_specification() -> None:
    assert made_here(quote_id(SPEC))
    assert quote_id(SPEC).startswith("fwa-quote-")
    assert quote_id(SPEC) == quote_id(SPEC.model_copy()) != quote_id(OTHER)
    assert not issubclass(ValidateOnlyIgnored, ApiError), "what swallows refusals would swallow it"


def test_a_service_that_honours_the_flag_is_looked_at_once_and_asked_once_for_each() -> None:
    platform = FakePlatform()
    client, recorder, _ = client_of(platform)

    async def work() -> None:
        await asyncio.gather(*(client.quote_deployment(spec) for spec in (SPEC, OTHER, SPEC)))
        await client.validate_deployment(OTHER)

    asyncio.run(work())
    assert platform.stored == {}
    assert sum("POST" in call for call in recorder.calls()) == 2
    looks = [call for call in recorder.calls() if "GET" in call]
    assert f"GET /v1/{AT}/{quote_id(SPEC)}" in looks
    assert all(quote_id(OTHER) not in call for call in looks), "once nothing was found, none is needed"


@pytest.mark.parametrize("given", ["", "dep-x1"])
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_a_service_that_ignores_the_flag_creates_one_deployment_however_often_it_is_asked(
    fault: str | None, given: str
) -> None:
    faults = iter([fault])
    platform = FakePlatform(
        lambda request: next(faults, None) if request.method == "POST" else None,
        ignores_validate_only=True,
        gives_id=given,
    )
    client, recorder, _ = client_of(platform)
    message = refusal(client)
    assert f"{AT}/{given or quote_id(SPEC)} was created" in message
    assert "costs money while it is up: delete it" in message
    sent = len(recorder.requests)
    assert refusal(client, OTHER) == message
    assert len(recorder.requests) == sent
    for spec in (SPEC, OTHER):
        again, recorder, _ = client_of(platform)
        assert refusal(again, spec) == message
        assert not [call for call in recorder.calls() if "POST" in call]
    assert platform.creates == 1


def test_quotes_at_one_time_create_one_deployment_too() -> None:
    platform = FakePlatform(ignores_validate_only=True)
    client, _, _ = client_of(platform)

    async def work() -> list[object]:
        specs = [SPEC, OTHER, SPEC.model_copy(update={"enable_addons": True})]
        return await asyncio.gather(*(client.validate_deployment(spec) for spec in specs), return_exceptions=True)

    assert {type(outcome) for outcome in asyncio.run(work())} == {ValidateOnlyIgnored}
    assert platform.creates == 1


def test_what_was_created_so_and_deleted_since_is_not_created_again() -> None:
    platform = FakePlatform(ignores_validate_only=True)
    refusal(client_of(platform)[0])
    (deployment,) = platform.stored.values()
    deployment["state"] = "DELETED"
    assert "it is deleted by now" in refusal(client_of(platform)[0])
    assert platform.creates == 1


def test_a_platform_that_answers_with_a_name_that_it_has_already_creates_nothing() -> None:
    platform = FakePlatform(answers_with=f"{AT}/somebodys")
    platform.stored[f"{AT}/somebodys"] = {"name": f"{AT}/somebodys", "state": "READY", "baseModel": "m"}
    client, _, _ = client_of(platform)
    assert asyncio.run(client.quote_deployment(SPEC)) is not None
