"""Faults by header and by file."""

from __future__ import annotations

import json

from fw_assets.embedded import counts, faults
from fw_assets_tests.embedded.conftest import Client

AT = "/v1/accounts/local/datasets"
CREATE = {"datasetId": "d", "dataset": {"exampleCount": 3, "userUploaded": {}}}


def with_faults(client: Client, **fields: object) -> dict[str, str]:
    return {"X-Api-Key": client.key, "x-fw-faults": json.dumps(fields)}


def test_refusals_happen_before_anything_is_done(client: Client) -> None:
    refused = client.send("POST", AT, CREATE, headers=with_faults(client, rate_429=1))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    refused = client.send("POST", AT, CREATE, headers=with_faults(client, rate_5xx=1))
    assert refused.status_code in (500, 502, 503, 504)
    assert counts(client.home)["datasets"] == 0


def test_a_dropped_response_was_done(client: Client) -> None:
    dropped = client.send("POST", AT, CREATE, headers=with_faults(client, drop=1))
    assert dropped.content == b""
    assert int(dropped.headers["content-length"]) > 0
    assert counts(client.home)["datasets"] == 1


def test_a_truncated_body_is_half_of_it(client: Client) -> None:
    whole = client.send("GET", "/v1/accounts").content
    cut = client.send("GET", "/v1/accounts", headers=with_faults(client, truncate=1)).content
    assert cut == whole[: len(whole) // 2]


def test_a_file_holds_for_all_requests_and_only_for_its_paths(client: Client) -> None:
    path = client.home / faults.FILE
    path.write_text('{"rate_429": 1, "paths": "/datasets"}')
    assert client.send("GET", AT).status_code == 429
    assert client.send("GET", "/v1/accounts").status_code == 200
    path.unlink()
    assert client.send("GET", AT).status_code == 200


def test_faults_that_do_not_exist_are_refused(client: Client) -> None:
    assert client.send("GET", AT, headers=with_faults(client, lightning=1)).status_code == 400


def test_running_can_have_another_name(client: Client) -> None:
    (client.home / faults.FILE).write_text('{"unknown_state": "JOB_STATE_DANCING"}')
    shown = faults.rename_state(client.app.state.platform, {"state": "JOB_STATE_RUNNING"})
    assert shown["state"] == "JOB_STATE_DANCING"
