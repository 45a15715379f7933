"""Faults, by header and by file."""

from __future__ import annotations

import json
import time

import pytest

from fw_assets.embedded import counts
from fw_assets.embedded.store import faults
from fw_assets_tests.embedded.conftest import Client, grammar, row, wait

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


def test_a_call_that_the_platform_lacks_is_not_found(client: Client) -> None:
    assert client.send("GET", AT, headers=with_faults(client, lacks="/datasets")).status_code == 404
    assert client.send("GET", AT, headers=with_faults(client, lacks=":estimateCost")).status_code == 200


def test_faults_that_do_not_exist_are_refused(client: Client) -> None:
    assert client.send("GET", AT, headers=with_faults(client, lightning=1)).status_code == 400


@pytest.mark.parametrize("collection", ["supervisedFineTuningJobs", "batchInferenceJobs"])
def test_a_job_stalls_and_its_state_is_renamed_by_header_and_by_file(
    client: Client, base: str, collection: str
) -> None:
    """The worker is another process: the stall has to reach it with the job."""
    client.dataset("train", [row("refund", "billing"), row("crash", "technical")] * 2)
    chat = {"messages": [{"role": "user", "content": "?"}]}
    client.dataset("in", [{"custom_id": id, "body": chat} for id in "abc"])
    if collection == "batchInferenceJobs":
        query, body = "batchInferenceJobId=j", {"model": base, "inputDatasetId": "accounts/local/datasets/in"}
    else:
        query, body = "supervisedFineTuningJobId=j", {"baseModel": base, "dataset": "accounts/local/datasets/train"}
    client.post(f"/v1/accounts/local/{collection}?{query}", body, headers=with_faults(client, stall=3))

    def state(**fields: object) -> str:
        job = client.get(f"/v1/accounts/local/{collection}/j", headers=with_faults(client, **fields))
        return str(job["state"])

    def renamed_state() -> str:
        state_in_header = state(unknown_state="JOB_STATE_DANCING")
        assert state_in_header != "JOB_STATE_RUNNING"
        return state_in_header

    wait(renamed_state, lambda value: value == "JOB_STATE_DANCING")
    started = time.monotonic()
    assert state() == "JOB_STATE_RUNNING"
    (client.home / faults.FILE).write_text('{"unknown_state": "JOB_STATE_SINGING"}')
    assert state() == "JOB_STATE_SINGING"
    (client.home / faults.FILE).unlink()
    wait(renamed_state, lambda value: value == "JOB_STATE_COMPLETED")
    assert time.monotonic() - started > 2


def test_a_job_fails_by_header_and_by_file(client: Client) -> None:
    client.dataset("train", [row("refund", "billing"), row("crash", "technical")] * 2)
    body = {"dataset": "accounts/local/datasets/train", "baseModel": "accounts/fireworks/models/char-ngram"}
    create = "/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId="

    def status(id: str) -> tuple[str, str]:
        at = f"/v1/accounts/local/supervisedFineTuningJobs/{id}"
        ended = ("JOB_STATE_FAILED", "JOB_STATE_COMPLETED")
        job = wait(lambda: client.get(at), lambda value: value["state"] in ended)
        return job["state"], job["status"]["code"]

    client.post(f"{create}header", body, headers=with_faults(client, fail_jobs="INTERNAL"))
    assert status("header") == ("JOB_STATE_FAILED", "INTERNAL")
    (client.home / faults.FILE).write_text('{"fail_jobs": "INVALID_ARGUMENT"}')
    client.post(f"{create}file", body)
    assert status("file") == ("JOB_STATE_FAILED", "INVALID_ARGUMENT")
    (client.home / faults.FILE).unlink()
    client.post(f"{create}well", body)
    assert status("well") == ("JOB_STATE_COMPLETED", "OK")


def test_faults_of_other_paths_do_not_concern_a_job(client: Client) -> None:
    (client.home / faults.FILE).write_text('{"unknown_state": "JOB_STATE_DANCING", "paths": "/deployments"}')
    client.dataset("train", [row("refund", "billing"), row("crash", "technical")] * 2)
    body = {"dataset": "accounts/local/datasets/train", "baseModel": "accounts/fireworks/models/char-ngram"}
    create = "/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=j"
    client.post(create, body, headers=with_faults(client, stall=1, paths=""))
    states: set[str] = set()

    def all_states() -> set[str]:
        states.add(client.get("/v1/accounts/local/supervisedFineTuningJobs/j")["state"])
        return states

    wait(all_states, lambda values: "JOB_STATE_COMPLETED" in values)
    assert "JOB_STATE_RUNNING" in states
    assert "JOB_STATE_DANCING" not in states


def test_a_stated_refusal_has_its_words_for_its_method_and_path(client: Client) -> None:
    stated = with_faults(client, refuse="POST 412 the LoRA failed to load", paths="chat/completions")
    refused = client.send("POST", "/v1/chat/completions", {}, headers=stated)
    assert (refused.status_code, refused.json()["error"]["message"]) == (412, "the LoRA failed to load")
    assert client.send("GET", "/v1/accounts", headers=with_faults(client, refuse="POST 403 no")).status_code == 200
    assert client.send("GET", "/v1/accounts", headers=with_faults(client, refuse="GET 403 no")).status_code == 403
    assert client.send("GET", "/v1/accounts", headers=with_faults(client, refuse="sometimes")).status_code == 400


def batch(client: Client, id: str, **fields: object) -> None:
    """Create a batch job over the dataset `in`, with the faults of its request."""
    chat = {"messages": [{"role": "user", "content": "?"}], "response_format": grammar("a", "b")}
    if "in" not in {item["name"].rsplit("/", 1)[1] for item in client.get(AT)["datasets"]}:
        client.dataset("in", [{"custom_id": name, "body": chat} for name in "abcd"])
    client.post(
        f"/v1/accounts/local/batchInferenceJobs?batchInferenceJobId={id}",
        {"model": "accounts/fireworks/models/char-ngram", "inputDatasetId": "accounts/local/datasets/in"},
        headers=with_faults(client, **fields),
    )


def test_a_job_waits_in_pending_until_its_time_has_passed(client: Client) -> None:
    at = "/v1/accounts/local/batchInferenceJobs/"
    batch(client, "waits", pending=12 * 3600)
    wait(lambda: client.get(f"{at}waits")["state"], lambda state: state == "JOB_STATE_PENDING")
    batch(client, "other")
    assert client.finished("other", "batchInferenceJobs")["state"] == "JOB_STATE_COMPLETED", "it holds up no other"
    assert client.get(f"{at}waits")["state"] == "JOB_STATE_PENDING"
    file = client.home / faults.FILE
    file.write_text('{"pending": 60, "pending_passed": 43000}')
    assert client.get(f"{at}waits")["state"] == "JOB_STATE_PENDING", "its own time is the longer"
    file.write_text('{"pending_passed": 43200}')
    assert client.finished("waits", "batchInferenceJobs")["state"] == "JOB_STATE_COMPLETED"


@pytest.mark.parametrize("state", ["CANCELLED", "DELETED", "EXPIRED"])
def test_a_job_ends_as_it_is_told_without_a_reason(client: Client, state: str) -> None:
    client.dataset("train", [row("refund", "billing"), row("crash", "technical")] * 2)
    body = {"dataset": "accounts/local/datasets/train", "baseModel": "accounts/fireworks/models/char-ngram"}
    create = "/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=j"
    client.post(create, body, headers=with_faults(client, end_jobs=state))
    batch(client, "b", end_jobs=state)
    job, answers = client.finished("j"), client.finished("b", "batchInferenceJobs")
    assert {job["state"], answers["state"]} == {f"JOB_STATE_{state}"}
    assert {job["status"]["message"], answers["status"]["message"]} == {""}
    assert counts(client.home)["models"] == 0
    kept = 2 if state == "EXPIRED" else 0
    assert answers["jobProgress"].get("outputRows", 0) == kept, "an expired batch job keeps what it has finished"
    client.get(f"{AT}/b-output", status=200 if kept else 404)
