"""Whether a model would be served once it is fine-tuned is known before it is trained."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fw_assets.fireworks import ValidateOnlyIgnored
from fw_assets.fireworks._models import Model
from fw_assets.fireworks._resources import parse_resource
from fw_assets.pipeline.platform.serving_paths import tuned_serving
from fw_assets_tests.pipeline.evaluation.test_endpoint import (
    ADAPTER,
    BASE,
    MERGE_DEFAULT,
    NO_ADDONS,
    NO_MERGE,
    NOWHERE,
    Refusal,
    Service,
)


@pytest.mark.parametrize(
    ("refusals", "merges", "own", "doubt"),
    [
        ({("addon", "b200"): NO_ADDONS}, False, [], "addons are not supported"),
        ({}, False, [], ""),
        ({("addon", "b200"): NO_ADDONS}, True, [], ""),
        ({**NOWHERE, ("addon", "b200"): NO_ADDONS}, True, [ADAPTER], "live merge is not supported"),
        (NOWHERE, True, [ADAPTER], ""),
        ({MERGE_DEFAULT: NO_MERGE}, False, [ADAPTER], ""),
        ({("addon", "b200"): (501, "no such call")}, False, [], ""),
        ({("addon", "b200"): (412, "no B200 accelerators are available: insufficient capacity")}, False, [], ""),
        ({("addon", "b200"): (412, "shape b200 is currently not available in any region")}, False, [], ""),
        ({("addon", "b200"): (412, "shape b200 is not enabled for this account")}, False, [], "not enabled"),
        ({("addon", "b200"): (400, "resource exhausted; please try again later")}, False, [], ""),
        ({**NOWHERE, ("addon", "b200"): NO_ADDONS}, True, [{**ADAPTER, "state": "CREATING"}], ""),
        ({**NOWHERE, ("addon", "b200"): NO_ADDONS}, True, [{**ADAPTER, "state": "UPLOADING"}, ADAPTER], "live merge"),
    ],
)
def test_what_speaks_against_serving_is_known_before_training(
    refusals: dict[tuple[str, str], Refusal], merges: bool, own: list[dict[str, Any]], doubt: str
) -> None:
    service = Service(refusals)

    async def work() -> str:
        async with service.client() as client:
            return (
                await tuned_serving(client, BASE, merges=merges, own=[parse_resource(Model, item) for item in own])
            ).doubt

    found = asyncio.run(work())
    assert doubt in found
    assert bool(doubt) == bool(found)
    assert service.deployment is None


@pytest.mark.parametrize("refusals", [{}, {("addon", "b200"): NO_ADDONS}])
def test_a_service_that_creates_what_it_is_to_validate_is_no_doubt(refusals: dict[tuple[str, str], Refusal]) -> None:
    service = Service(refusals, validates="ignored")

    async def work() -> str:
        async with service.client() as client:
            return (await tuned_serving(client, BASE, merges=True, own=[parse_resource(Model, ADAPTER)])).doubt

    with pytest.raises(ValidateOnlyIgnored):
        asyncio.run(work())
    assert service.tried == [MERGE_DEFAULT]
