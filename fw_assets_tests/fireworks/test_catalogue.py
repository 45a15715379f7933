"""Accounts, models, lists and prices."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import (
    AccountError,
    ApiError,
    BillingError,
    PlatformFault,
    PreconditionUnmet,
    ServerError,
    UnexpectedResponse,
)

from .fake import answers, client_of, reply


def accounts(*names: str, **fields: Any) -> httpx.Response:
    return reply(200, {"accounts": [{"name": f"accounts/{name}", **fields} for name in names]})


def test_the_account_is_discovered_once_and_when_needed() -> None:
    client, recorder, _ = client_of(answers(accounts("acme"), reply(200, {"datasets": []})), account=None)

    async def lists() -> None:
        assert client.account_id is None
        await client.datasets()
        await client.datasets()

    asyncio.run(lists())
    assert client.account_id == "acme"
    assert recorder.calls() == [
        "GET /v1/accounts?pageSize=2",
        "GET /v1/accounts/acme/datasets?pageSize=200",
        "GET /v1/accounts/acme/datasets?pageSize=200",
    ]


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (accounts(), "not bound to any account"),
        (reply(200, {}), "not bound to any account"),
        (accounts("acme", "other"), "several accounts.*FIREWORKS_ACCOUNT_ID"),
        (accounts("acme", suspendState="CREDIT_DEPLETED"), "suspended .CREDIT_DEPLETED."),
    ],
)
def test_an_account_that_cannot_be_used(response: httpx.Response, message: str) -> None:
    client, _, _ = client_of(answers(response), account=None)
    with pytest.raises(AccountError, match=message):
        asyncio.run(client.datasets())


def test_an_account_in_good_standing_is_taken() -> None:
    standing = accounts("acme", suspendState="UNSUSPENDED", state="READY", future={"a": 1})
    client, _, _ = client_of(answers(standing, reply(200, {"datasets": []})), account=None)
    assert asyncio.run(client.datasets()) == []
    assert client.account_id == "acme"


def test_lists_are_read_to_the_last_page() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("pageToken", "0"))
        token = str(page + 1) if page < 3 else ""
        return reply(200, {"models": [{"name": f"accounts/fireworks/models/m{page}"}], "nextPageToken": token})

    client, _, _ = client_of(handle)
    assert [model.id for model in asyncio.run(client.models())] == ["m0", "m1", "m2", "m3"]


def test_a_page_token_that_repeats_ends_the_list() -> None:
    page = reply(200, {"models": [{"name": "accounts/fireworks/models/m"}], "nextPageToken": "same"})
    client, recorder, _ = client_of(answers(page))
    assert len(asyncio.run(client.models())) == 2
    assert len(recorder.requests) == 2


def test_a_model_as_the_hosted_catalogue_shows_it() -> None:
    client, _, _ = client_of(
        answers(
            reply(
                200,
                {
                    "name": "accounts/fireworks/models/qwen3-8b",
                    "displayName": "Qwen3 8B",
                    "kind": "HF_BASE_MODEL",
                    "tunable": None,
                    "supportsServerless": True,
                    "contextLength": "40960",
                    "baseModelDetails": {"parameterCount": "8190735360", "tunable": True, "moe": False},
                    "peftDetails": None,
                    "deprecationDate": {"year": 2027},
                },
            )
        )
    )
    model = asyncio.run(client.model("qwen3-8b"))
    assert (model.parameter_count, model.context_length) == (8_190_735_360, 40_960)
    assert model.can_tune
    assert model.supports_serverless
    assert model.fine_tuning_defaults is None
    assert model.raw["deprecationDate"] == {"year": 2027}


@pytest.mark.parametrize(
    ("fields", "tunable"),
    [
        ({"tunable": True}, True),
        ({"baseModelDetails": {"tunable": True}}, True),
        ({}, False),
        # As the service showed nemotron-nano-3-30b-a3b, on which jobs completed.
        ({"tunable": False, "supervisedLoraTunable": True, "useTrainingV2": True}, True),
        ({"supervisedLoraTunable": True}, True),
        ({"tunable": True, "supervisedLoraTunable": False}, False),
        ({"tunable": True, "supervisedLoraTunable": False, "useTrainingV2": True}, False),
        # proto3 JSON may leave out what is false.
        ({"tunable": True, "useTrainingV2": True}, False),
        ({"tunable": True, "supervisedLoraTunable": False, "useTrainingV2": False}, True),
    ],
)
def test_the_second_training_stack_says_what_is_tunable(fields: dict[str, Any], tunable: bool) -> None:
    client, _, _ = client_of(answers(reply(200, {"name": "accounts/a/models/m", **fields})))
    assert asyncio.run(client.model("accounts/a/models/m")).can_tune is tunable


@pytest.mark.parametrize(
    ("date", "text"),
    [
        ({"year": 2026, "month": 12, "day": 1}, "2026-12-01"),
        ({"year": 2027, "month": 3}, "2027-03"),
        ({"year": 2027}, "2027"),
        ({"year": 2027, "day": 4}, "2027"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_date_of_a_retirement(date: dict[str, int] | None, text: str) -> None:
    client, _, _ = client_of(answers(reply(200, {"name": "accounts/a/models/m", "deprecationDate": date})))
    assert str(asyncio.run(client.model("accounts/a/models/m")).deprecation_date) == text


def test_published_defaults_are_read() -> None:
    defaults = {
        "grid": [{"loraRank": 8, "learningRate": 0.1, "epochs": None}],
        "batchSizeSamples": 32,
        "learningRateRange": [0.01, 1],
    }
    client, _, _ = client_of(answers(reply(200, {"name": "accounts/a/models/m", "fineTuningDefaults": defaults})))
    published = asyncio.run(client.model("accounts/a/models/m")).fine_tuning_defaults
    assert published is not None
    assert published.grid[0].epochs is None
    assert published.learning_rate_range == (0.01, 1.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422, 501])
def test_no_price_list_is_none(status: int) -> None:
    client, _, _ = client_of(answers(reply(status, {"message": "no such method"})))
    assert asyncio.run(client.price_list()) is None


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, 13, ServerError),
        (402, 9, BillingError),
        (412, 9, PreconditionUnmet),
        (400, 8, PlatformFault),
        (409, 10, ApiError),
    ],
)
def test_trouble_is_not_mistaken_for_no_price_list(status: int, code: int, error: type[ApiError]) -> None:
    client, _, _ = client_of(answers(reply(status, {"code": code, "message": "not now"})))
    with pytest.raises(error):
        asyncio.run(client.price_list())


@pytest.mark.parametrize("body", [{}, {"prices": None}, {"prices": {}}, {"prices": "none"}])
def test_an_answer_without_a_list_is_not_an_empty_one(body: dict[str, object]) -> None:
    client, _, _ = client_of(answers(reply(200, body)))
    with pytest.raises(UnexpectedResponse):
        asyncio.run(client.price_list())


def test_prices() -> None:
    entry = {"model": "m", "item": "training", "unit": "1M tokens", "usd": 0.5}
    client, _, _ = client_of(answers(reply(200, {"prices": [entry]})))
    assert asyncio.run(client.price_list()) == [entry]
