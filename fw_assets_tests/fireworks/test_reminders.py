"""Whoever waits is told for what and until when: after half a minute, and then ever less often."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from fw_assets.fireworks import ServerError, WaitTimeout
from fw_assets_tests.fireworks.fake import client_of


def job(state: str) -> httpx.Response:
    name = "accounts/acme/supervisedFineTuningJobs/j"
    return httpx.Response(200, json={"name": name, "state": state, "jobProgress": {"percent": 3}})


def waits(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_job_in_an_unknown_state(caplog: pytest.LogCaptureFixture) -> None:
    client, _, _ = client_of(lambda request: job("JOB_STATE_PAUSED_BY_OWNER"))
    with pytest.raises(WaitTimeout, match="PAUSED_BY_OWNER"):
        asyncio.run(client.wait_fine_tuning_job("j", poll_interval=5, timeout=3600))
    said = waits(caplog)
    assert 3 <= len(said) <= 10
    assert all("fine-tuning job j" in line and "PAUSED_BY_OWNER" in line and "until 2" in line for line in said)


def test_a_job_that_is_soon_done_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    asked = iter(range(10_000))
    client, _, clock = client_of(lambda request: job("COMPLETED" if next(asked) > 12 else "RUNNING"))
    asyncio.run(client.wait_fine_tuning_job("j2", poll_interval=2))
    assert clock.now() < 30
    assert waits(caplog) == []


def test_a_hundred_requests_that_wait_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    client, _, _ = client_of(lambda request: httpx.Response(503, json={"error": {"message": "on fire"}}))

    async def ask_all() -> None:
        asked = [client.chat({"model": "m", "messages": [{"role": "user", "content": "?"}]}) for _ in range(100)]
        for result in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(result, ServerError)

    asyncio.run(ask_all())
    said = waits(caplog)
    assert 1 <= len(said) <= 3
    assert "on fire" in said[0]
