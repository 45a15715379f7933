"""What is tried again, how long is waited, and when that ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.fireworks import (
    ApiError,
    AuthenticationError,
    BadRequest,
    ConnectionFailed,
    DeploymentSpec,
    NotFound,
    RateLimited,
    ScalingUp,
    ServerError,
    UnexpectedResponse,
)
from fw_assets.fireworks._retry import Backoff, retry_after

from .fake import NOT_FOUND, Outcome, answers, client_of, reply, rpc

ANSWER = reply(200, {"choices": [{"message": {"content": "sales"}, "finish_reason": "stop"}]})
SCALING = reply(503, {"error": {"message": "waking", "code": "DEPLOYMENT_SCALING_UP", "type": "error"}})
BODY = {"model": "accounts/acme/deployments/d", "messages": [{"role": "user", "content": "hi"}]}


def test_retry_after_in_seconds_is_obeyed() -> None:
    client, _, clock = client_of(answers(reply(429, {}, retry_after="7"), ANSWER))
    assert asyncio.run(client.chat(BODY)).text == "sales"
    assert 7 <= clock.slept[0] < 7.3


def test_retry_after_as_a_date_is_obeyed() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    client, _, clock = client_of(answers(reply(429, {}, retry_after=moment), ANSWER))
    asyncio.run(client.chat(BODY))
    assert 15 <= clock.slept[0] <= 20.3


@pytest.mark.parametrize(
    ("value", "milliseconds", "seconds"),
    [
        ("3", None, 3.0),
        ("0.5", None, 0.5),
        (None, "250", 0.25),
        ("9", "250", 0.25),
        ("soon", None, None),
        ("", None, None),
        (None, None, None),
        (None, "x", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None, 0.0),
        ("Wed, 21 Oct 2015 07:28:00", None, 0.0),
    ],
)
def test_retry_after_forms(value: str | None, milliseconds: str | None, seconds: float | None) -> None:
    assert retry_after(value, milliseconds) == seconds


def test_a_wait_that_is_asked_for_beyond_the_budget_is_not_started() -> None:
    client, recorder, clock = client_of(answers(reply(429, {}, retry_after="86400")))
    with pytest.raises(RateLimited):
        asyncio.run(client.chat(BODY))
    assert clock.slept == []
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        reply(408, {}),
        reply(500, {}),
        reply(502, {}),
        reply(520, {}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("gone"),
        httpx.Response(200, text='{"choices": ['),
        httpx.Response(200, text="[]"),
        httpx.Response(200, text="<html>"),
    ],
)
def test_transient_trouble_passes(trouble: Outcome) -> None:
    client, recorder, clock = client_of(answers(trouble, trouble, ANSWER))
    assert asyncio.run(client.chat(BODY)).text == "sales"
    assert len(recorder.requests) == 3
    assert 0.25 <= clock.slept[0] <= 0.5 <= clock.slept[1] <= 1.0


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (reply(500, {"code": 13, "message": "boom"}), ServerError),
        (httpx.ConnectError("refused"), ConnectionFailed),
        (httpx.Response(200, text="{"), UnexpectedResponse),
        (SCALING, ScalingUp),
        (reply(429, {}), RateLimited),
    ],
)
def test_every_retry_ends(trouble: Outcome, kind: type[Exception]) -> None:
    client, _, clock = client_of(answers(trouble))
    with pytest.raises(kind):
        asyncio.run(client.chat(BODY))
    assert 0 < clock.time <= 900


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (rpc(400, 3, "bad"), BadRequest),
        (rpc(401, 16), AuthenticationError),
        (NOT_FOUND, NotFound),
        (reply(302, {}), ApiError),
    ],
)
def test_what_cannot_pass_is_not_repeated(answer: Outcome, kind: type[Exception]) -> None:
    client, recorder, _ = client_of(answers(answer))
    with pytest.raises(kind):
        asyncio.run(client.chat(BODY))
    assert len(recorder.requests) == 1


def test_a_waking_deployment_is_waited_for() -> None:
    client, _, clock = client_of(answers(SCALING, SCALING, SCALING, ANSWER))
    assert asyncio.run(client.chat(BODY)).text == "sales"
    assert len(clock.slept) == 3


def test_404_of_a_known_deployment_is_waited_for() -> None:
    ready = reply(200, {"name": "accounts/acme/deployments/d", "state": "READY", "baseModel": "accounts/acme/models/m"})
    client, _, clock = client_of(answers(ready, NOT_FOUND, NOT_FOUND, ANSWER))

    async def seen_then_asked() -> str | None:
        await client.ensure_deployment("d", DeploymentSpec(base_model="accounts/acme/models/m"))
        return (await client.chat({**BODY, "model": "accounts/acme/models/m#accounts/acme/deployments/d"})).text

    assert asyncio.run(seen_then_asked()) == "sales"
    assert len(clock.slept) == 2


def test_the_caller_can_say_that_a_deployment_is_known() -> None:
    client, _, clock = client_of(answers(NOT_FOUND, ANSWER))
    assert asyncio.run(client.chat(BODY, deployment_known=True)).text == "sales"
    assert len(clock.slept) == 1


@given(
    first=st.floats(0.01, 10),
    growth=st.floats(1, 4),
    longest=st.floats(0.01, 60),
    attempt=st.integers(1, 10**6),
)
def test_a_backoff_stays_within_its_bounds(first: float, growth: float, longest: float, attempt: int) -> None:
    assert 0 < Backoff(first, growth, longest, 1).wait(attempt) <= longest
