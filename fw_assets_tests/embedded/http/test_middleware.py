"""API keys, accounts, envelopes of refusals, rate limit."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from starlette.types import Message

from fw_assets.embedded import api_key
from fw_assets_tests.embedded.conftest import Client


def test_both_headers_carry_the_key(client: Client) -> None:
    for headers in ({"Authorization": f"Bearer {client.key}"}, {"X-Api-Key": client.key}):
        assert client.get("/v1/accounts", headers=headers)["accounts"][0]["name"] == "accounts/local"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"X-Api-Key": "ä".encode()}])
def test_without_the_key_nothing_is_answered(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/v1/accounts", headers=headers, status=401)["code"] == 16
    refusal = client.call("POST", "/inference/v1/chat/completions", {}, headers=headers, status=401)
    assert refusal["error"]["code"] == "UNAUTHENTICATED"


def test_only_its_owner_can_read_the_key_file(client: Client) -> None:
    path = client.home / "api_key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert api_key(client.home) == path.read_text().strip() == client.key


def test_other_accounts_are_forbidden_and_the_publisher_is_read_only(client: Client) -> None:
    assert client.get("/v1/accounts/acme/datasets", status=403)["code"] == 7
    assert client.call("DELETE", "/v1/accounts/fireworks/models/char-ngram", status=403)["code"] == 7


def test_unknown_paths_and_methods_have_the_envelope(client: Client) -> None:
    assert client.get("/v1/nothing", status=404)["code"] == 5
    assert client.call("PUT", "/v1/accounts", status=405)["code"] == 12
    assert "error" in client.get("/inference/v1/nothing", status=404)


def test_a_body_that_is_not_an_object_is_refused(client: Client) -> None:
    assert client.call("POST", "/v1/accounts/local/datasets", [1], status=400)["code"] == 3


def test_the_rate_limit_is_off_until_the_settings_say_otherwise(client: Client) -> None:
    for _ in range(5):
        client.get("/v1/accounts")
    (client.home / "settings.json").write_text('{"requests_per_minute": 2}')
    client.get("/v1/accounts")
    client.get("/v1/accounts")
    response = client.send("GET", "/v1/accounts")
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 61
    assert response.headers["x-ratelimit-over-limit"] == "yes"


def test_faults_are_for_those_who_have_the_key(client: Client) -> None:
    dropping = {"x-fw-faults": '{"rate_429": 1}'}
    for path in ("/healthz", "/signed/datasets/d/a.jsonl", "/openapi.json"):
        assert client.send("GET", path, headers=dropping).status_code != 429
        assert client.send("GET", path, headers=dropping | {"X-Api-Key": client.key}).status_code == 429
    broken = {"x-fw-faults": "[" * 50_000}
    assert client.send("GET", "/healthz", headers=broken).status_code == 200
    assert client.send("GET", "/healthz", headers=broken | {"X-Api-Key": client.key}).status_code == 400


@pytest.mark.parametrize(
    "path", ["/signed/%00", "/signed/datasets/d/a?X-Goog-Signature=%C3%A9", "/signed/a?expires=x", "/%00", "/v1/%00"]
)
def test_odd_addresses_are_refused(client: Client, path: str) -> None:
    for headers in ({}, {"X-Api-Key": client.key}):
        assert 400 <= client.send("GET", path, headers=headers).status_code < 500


def test_a_client_that_hangs_up_in_the_middle_of_its_body_is_no_failure(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Message] = []
    received: Iterator[Message] = iter(
        [{"type": "http.request", "body": b'{"mod', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    async def hang_up() -> None:
        headers = [(b"x-api-key", client.key.encode())]
        path = "/v1/chat/completions"
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
        await client.app(scope, receive, send)

    anyio.run(hang_up)
    assert (sent, caplog.records) == ([], [])
