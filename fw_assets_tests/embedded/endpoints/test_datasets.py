"""Datasets: create, fill in two ways, refuse what breaks the rules, read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets_tests.embedded.conftest import Client, labelled_rows, row

AT = "/v1/accounts/local/datasets"
CREATE = {"datasetId": "d", "dataset": {"exampleCount": 3, "userUploaded": {}}}


def test_a_dataset_becomes_ready_with_its_upload(client: Client) -> None:
    client.dataset("train", labelled_rows(1))
    dataset = client.get(f"{AT}/train")
    assert dataset["state"] == "READY"
    assert dataset["exampleCount"] == "12"
    assert int(dataset["estimatedTokenCount"]) > 100


def test_what_was_uploaded_can_be_downloaded(client: Client) -> None:
    rows = labelled_rows(1)
    client.dataset("train", rows)
    (url,) = client.get(f"{AT}/train:getDownloadEndpoint")["filenameToSignedUrls"].values()
    text = client.send("GET", url, headers={}).text
    assert [json.loads(line) for line in text.splitlines()] == rows


def test_the_same_id_twice_is_a_conflict(client: Client) -> None:
    client.post(AT, CREATE)
    refusal = client.post(AT, CREATE, status=409)
    assert refusal["code"] == 6
    assert "already exists" in refusal["message"]


def test_a_ready_dataset_takes_no_other_file(client: Client) -> None:
    client.dataset("train", labelled_rows(1))
    refusal = client.post(f"{AT}/train:upload", files={"file": ("x.jsonl", b"{}")}, status=400)
    assert refusal["code"] == 9


def test_a_large_file_goes_through_a_signed_url_in_parts(client: Client) -> None:
    body = "".join(json.dumps(row) + "\n" for row in labelled_rows(1)).encode()
    client.post(AT, CREATE)
    urls = client.post(f"{AT}/d:getUploadEndpoint", {"filenameToSize": {"f.jsonl": str(len(body))}})
    url = urls["filenameToSignedUrls"]["f.jsonl"]
    half = len(body) // 2
    first = client.send("PUT", url, content=body[:half], headers={"Content-Range": f"bytes 0-{half - 1}/{len(body)}"})
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{half - 1}")
    status = client.send("PUT", url, headers={"Content-Range": f"bytes */{len(body)}"})
    assert (status.status_code, status.headers["range"]) == (308, f"bytes=0-{half - 1}")
    last = {"Content-Range": f"bytes {half}-{len(body) - 1}/{len(body)}"}
    assert client.send("PUT", url, content=body[half:], headers=last).status_code == 200
    assert client.post(f"{AT}/d:validateUpload", {}) == {}
    assert client.get(f"{AT}/d")["state"] == "READY"


def test_a_whole_put_must_have_the_announced_size(client: Client) -> None:
    client.post(AT, CREATE)
    urls = client.post(f"{AT}/d:getUploadEndpoint", {"filenameToSize": {"f.jsonl": 10}})["filenameToSignedUrls"]
    assert client.send("PUT", urls["f.jsonl"], content=b"short", headers={}).status_code == 400
    assert client.post(f"{AT}/d:validateUpload", {}, status=400)["code"] == 9


def test_signed_urls_expire_and_cannot_be_forged(client: Client) -> None:
    client.dataset("train", labelled_rows(1))
    (url,) = client.get(f"{AT}/train:getDownloadEndpoint")["filenameToSignedUrls"].values()
    assert client.send("GET", url.replace("/train/", "/other/"), headers={}).status_code == 403
    platform = client.app.state.platform
    now = platform.clock()
    platform.clock = lambda: now + 3601
    assert client.send("GET", url, headers={}).status_code == 403


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([row("a", "x"), row("b", "y")], "2 rows"),
        ([row("a", "x"), row("b", "y"), {"messages": []}], "data.jsonl:3: messages: empty"),
        ([row("a", "x"), {"message": 1}, row("b", "y")], "data.jsonl:2: the line is not a valid row"),
        ([row("a", "x"), row("a", "x", weight=2.0), row("b", "y")], "data.jsonl:2: weight"),
        (
            [row("a", "x"), row("b", "y"), {"messages": [{"role": "user", "content": "a"}]}],
            "must be the assistant's",
        ),
        (
            [row("a", "x"), row("b", "y"), {"messages": [{"role": "assistant", "content": "a"}]}],
            "data.jsonl:3: messages[0].role: 'assistant' cannot follow 'the start'",
        ),
        (
            [row("a", "x"), row("b", "y"), {"messages": [{"role": "robot", "content": "a"}]}],
            "data.jsonl:3: messages[0].role: 'robot'; expected system, user, assistant or tool",
        ),
    ],
)
def test_a_file_that_breaks_the_rules_is_refused_by_line(
    client: Client, rows: list[dict[str, Any]], problem: str
) -> None:
    refusal = client.dataset("bad", rows, status=400)
    assert problem in refusal["message"]
    dataset = client.get(f"{AT}/bad")
    assert dataset["state"] == "UPLOADING"
    assert problem in dataset["status"]["message"]


@pytest.mark.parametrize("id", ["", "1abc", "Abc", "a_b", "a-", "x" * 64, 7, None])
def test_a_bad_id_is_refused(client: Client, id: object) -> None:
    assert client.post(AT, CREATE | {"datasetId": id}, status=400)["code"] == 3


def test_the_example_count_must_be_given(client: Client) -> None:
    refusal = client.post(AT, {"datasetId": "d", "dataset": {"userUploaded": {}}}, status=400)
    assert "exampleCount" in refusal["message"]


def test_a_deleted_dataset_is_gone(client: Client) -> None:
    client.dataset("train", labelled_rows(1))
    client.call("DELETE", f"{AT}/train", headers={"X-Api-Key": client.key, "Content-Type": "application/json"})
    client.get(f"{AT}/train", status=404)
