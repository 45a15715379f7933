"""The file server opens what a person reads to whoever has the link or the key, and nothing else to anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from fw_assets.workspace.file_server import URL_PREFIX, file_server

TOKEN, KEY = "t" * 43, "fwl_" + "k" * 43
READ = (
    "final_report.html",
    "final_report.md",
    "model_card.md",
    "report.json",
    "plan.md",
    "label_suspects_train.csv",
    "rejected_rows.jsonl",
    "regression.jsonl",
    "predictions/char-ngram-base-test.parquet",
)
KEPT = (
    "assets/registration.json",
    "assets/approval.json",
    "assets/inspected_dataset.rows/a-0000000001.parquet",
    "assets/label_set.parquet",
    "approvals.jsonl",
    "answers/575e5c5d73112396.jsonl",
    "ledger/f48e82828f02.jsonl",
    "plan.json",
    ".run.lock",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name in (*READ, *KEPT):
        path = root / "tickets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    for name in (".link_token", ".platform/api_key", "inbox/plan.md", "staged/index/a.json"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    return root


def browser(workspace: Path) -> TestClient:
    app = Starlette(routes=[Mount(URL_PREFIX, file_server(workspace, TOKEN, keys=[KEY]))])
    return TestClient(app, base_url="http://127.0.0.1:8432", raise_server_exceptions=False)


def opened(workspace: Path) -> TestClient:
    client = browser(workspace)
    client.headers["X-Api-Key"] = KEY
    return client


@pytest.mark.parametrize("name", READ)
def test_what_a_person_reads(workspace: Path, name: str) -> None:
    response = opened(workspace).get(f"{URL_PREFIX}/tickets/{name}")
    assert (response.status_code, response.text) == (200, f"content of {name}")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *(f"tickets/{name}" for name in KEPT),
        *(".link_token", ".platform/api_key", "inbox/plan.md", "staged/index/a.json", "tickets", "tickets/"),
        *("tickets/%2e%2e/tickets/plan.md", "x/%2e%2e/assets/registration.json", "%00", "tickets/%00"),
        *("tickets/plan.md%00.html", "%2e%2e/x/plan.md", "tickets%2f..%2ftickets/plan.md", f"{'a' * 5000}/plan.md"),
        *("tickets/predictions/%2e%2e/approvals.jsonl", "tickets/plan.md/", "/tickets/plan.md", "%ff/plan.md"),
    ],
)
def test_nothing_else_even_with_the_token(workspace: Path, path: str) -> None:
    assert opened(workspace).get(f"{URL_PREFIX}/{path}").status_code == 404


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=é", "?token=%00", f"?token={KEY}"])
@pytest.mark.parametrize("path", ["", "tickets/final_report.html", "tickets/nothing", "%00"])
def test_nobody_without_the_token(workspace: Path, path: str, query: str) -> None:
    response = browser(workspace).get(f"{URL_PREFIX}/{path}{query}")
    assert response.status_code == 401
    assert "content" not in response.text


def test_the_link_leaves_a_cookie_and_no_token_in_the_address(workspace: Path) -> None:
    client = browser(workspace)
    response = client.get(f"{URL_PREFIX}/tickets/plan.md?token={TOKEN}", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, f"{URL_PREFIX}/tickets/plan.md")
    assert "HttpOnly" in response.headers["set-cookie"]
    assert client.get(f"{URL_PREFIX}/tickets/plan.md").status_code == 200


@pytest.mark.parametrize("header", [{"X-Api-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_the_key_opens_too(workspace: Path, header: dict[str, str]) -> None:
    assert browser(workspace).get(f"{URL_PREFIX}/tickets/plan.md", headers=header).status_code == 200
    wrong = {name: f"{value}x" for name, value in header.items()}
    assert browser(workspace).get(f"{URL_PREFIX}/tickets/plan.md", headers=wrong).status_code == 401


def test_without_a_key_no_key_is_needed_to_be_empty(workspace: Path) -> None:
    app = file_server(workspace, TOKEN)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    assert client.get("/tickets/plan.md", headers={"X-Api-Key": ""}).status_code == 401


def test_links_are_not_followed(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "plan.md").write_text("secret")
    registered = outside / "assets" / "registration.json"
    registered.parent.mkdir()
    registered.write_text("{}")
    (workspace / "elsewhere").symlink_to(outside)
    for name, target in (("plan.md", "/etc/hostname"), ("final_report.md", "assets/registration.json")):
        (workspace / "tickets" / name).unlink()
        (workspace / "tickets" / name).symlink_to(target)
    (workspace / "tickets" / "report.json").unlink()
    (workspace / "tickets" / "report.json").symlink_to("report.json")
    client = opened(workspace)
    for path in ("elsewhere/plan.md", "tickets/plan.md", "tickets/final_report.md", "tickets/report.json"):
        assert client.get(f"{URL_PREFIX}/{path}").status_code == 404, path


def test_a_workspace_that_is_a_link_itself(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace)
    assert opened(tmp_path / "link").get(f"{URL_PREFIX}/tickets/plan.md").status_code == 200


def test_the_index_lists_reports(workspace: Path) -> None:
    hostile = workspace / "<b>&"
    (hostile / "assets").mkdir(parents=True)
    (hostile / "assets" / "registration.json").write_text("{}")
    page = opened(workspace).get(f"{URL_PREFIX}/").text
    assert f'<a href="{URL_PREFIX}/tickets/final_report.html">' in page
    assert "&lt;b&gt;&amp;" in page
    assert "inbox" not in page


def test_a_site_under_another_name_is_refused(workspace: Path) -> None:
    client = browser(workspace)
    headers = {"Host": "evil.example", "X-Api-Key": KEY}
    assert client.get(f"{URL_PREFIX}/tickets/plan.md", headers=headers).status_code == 400


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=30), query=st.text(max_size=20))
def test_any_path_and_query_is_answered_or_refused(workspace: Path, path: str, query: str) -> None:
    client = opened(workspace)
    raw = (path + "?" + query).encode("utf-8", "surrogatepass")
    url = f"{URL_PREFIX}/" + "".join(f"%{byte:02x}" if byte != 0x3F else "?" for byte in raw)
    assert client.get(url, follow_redirects=False).status_code < 500
