"""A person's way through Dagster's UI: drop a file, read the plan, approve it, wait for the report, open it.

`FW_SCREENSHOTS=FOLDER` keeps a picture of every step.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fw_assets_tests.browser.conftest import Ui, Watcher
from fw_assets_tests.project import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS = 160
MODEL = "char-ngram"


@pytest.mark.timeout(1800)
def test_from_a_dropped_file_to_the_report(page: Page, ui: Ui, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    shots = Path(os.environ.get("FW_SCREENSHOTS") or tmp_path / "screenshots")
    watcher = Watcher(page)

    def shot(name: str) -> None:
        page.screenshot(path=shots / f"{name}.png")

    # A file without its models: the sensor's page says what is missing.
    rows = EXAMPLES.read_text("utf-8").splitlines(keepends=True)[:ROWS]
    (ui.inbox / "tickets.jsonl").write_text("".join(rows), "utf-8")
    page.goto(f"{ui.url}/locations/fw_assets/sensors/inbox")
    expect(page.get_by_text("Watches the inbox").first).to_be_visible()
    seen = ui.workspace / ".inbox.json"
    ui.wait_until(
        lambda: seen.exists() and "name the models" in seen.read_text("utf-8"), "tick that says what is missing"
    )
    last = ui.log.read_text("utf-8").splitlines()[-1]
    assert last == f"Open {ui.url} (Ctrl-C ends it)", "the address stays in sight"
    page.reload()
    page.get_by_role("button", name="0 runs requested").first.click()
    expect(page.get_by_role("dialog").get_by_text("name the models to evaluate")).to_be_visible()
    shot("1-inbox-says-what-is-missing")

    # With them it is planned, and the plan is read on the asset's page.
    (ui.inbox / "tickets.session.yaml").write_text(f"models: [{MODEL}]\nmode: benchmark\n", "utf-8")
    ui.wait_until((ui.workspace / "tickets" / "plan.json").exists, "plan")
    page.goto(f"{ui.url}/assets/plan?partition=tickets")
    approve = page.get_by_role("link", name="Approve or reject this plan")
    expect(approve).to_be_visible()
    shot("2-plan-asset")
    page.get_by_text("[Show Markdown]").first.click()
    expect(page.get_by_role("heading", name="Plan for tickets")).to_be_visible()
    expect(page.get_by_role("heading", name="What a yes does")).to_be_visible()
    page.get_by_role("heading", name="Plan for tickets").scroll_into_view_if_needed()
    shot("3-plan-read")
    page.keyboard.press("Escape")

    # The launchpad knows the dataset and the plan's digest; a person writes a name and launches.
    approve.click()
    expect(page.get_by_text("plan_digest").first).to_be_visible()
    page.get_by_text("approved_by").first.click()
    shot("4-launchpad")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("ann")
    launch = page.get_by_role("button", name=re.compile("Launch Run"))
    expect(launch).to_be_enabled()
    shot("5-launchpad-filled")
    launch.click()
    ui.wait_until((ui.workspace / "tickets" / "assets" / "approval.json").exists, "approval")
    page.goto(f"{ui.url}/assets/approval?partition=tickets")
    expect(page.get_by_text(re.compile("^approved by ann")).or_(page.get_by_text("approved_usd")).first).to_be_visible()
    shot("6-approved")

    # The rest starts by itself, whether anybody looks or not: a page that is open asks the server every second.
    page.goto("about:blank")
    ui.wait_until((ui.workspace / "tickets" / "final_report.html").exists, "report")
    page.goto(f"{ui.url}/assets/report?partition=tickets")
    link = page.get_by_role("link", name="final_report.html", exact=True)
    expect(link).to_be_visible()
    shot("7-report-asset")
    page.goto(f"{ui.url}/runs")
    expect(page.get_by_text("deploy_and_report").first).to_be_visible()
    shot("8-runs")
    page.goto(f"{ui.url}/asset-groups")
    expect(page.get_by_text("4_delivery").first).to_be_visible()
    shot("9-graph")

    # The report in the browser, from the link on the asset's page.
    page.goto(f"{ui.url}/assets/report?partition=tickets")
    link.click()
    page.wait_for_url(f"{ui.files}/tickets/final_report.html")
    expect(page.get_by_role("heading").first).to_be_visible()
    shot("10-report")
    assert MODEL in page.inner_text("body")
    assert watcher.errors == []
    assert watcher.foreign_requests == []
    assert [line for line in ui.log.read_text("utf-8").splitlines() if "Warning" in line and "fw_assets" in line] == []
