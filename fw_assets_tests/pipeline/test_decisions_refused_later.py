"""Models that answer decisions when the plan is made and refuse them when their rows are asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets.pipeline.approvals import approved_account
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.chat_servers import chat_server
from fw_assets_tests.project import Project

GONE = "this model does not support this API"
WHY = f"not evaluated: it answers no decisions any more, though it did when the plan was made ({GONE})"


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("answered", [0, 30])
def test_an_endpoint_that_refuses_later_keeps_no_other_from_the_report(
    project: Project, answered: int, status: int
) -> None:
    with chat_server("plain") as near:
        near.most_options = 208
        models = ("--endpoint", f"near={near.url}#small", "--model", "char-ngram")
        arguments = (*models, "--arm", "decision", "--benchmark-only", "--free-rows", "5")
        planned = project.run("plan", str(project.data), *arguments)
        assert planned.returncode == 0, planned.stderr
        decide, left = near.decide, [answered]

        def refuse(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            left[0] -= 1
            return decide(body) if left[0] >= 0 else (status, {"error": {"message": GONE}})

        near.decide = refuse  # type: ignore[method-assign]
        done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    report = project.report()
    rows = {item["model"]: item for item in report["candidates"]}
    assert (rows["endpoints/near+decision"]["base"], rows["endpoints/near+decision"]["note"]) == (None, WHY)
    assert {name.rsplit("/", 1)[-1] for name, item in rows.items() if item["base"]} == {
        "near",
        "char-ngram",
        "char-ngram+decision",
    }
    assert report["status"] == "benchmark"
    assert all("near+decision" not in (pair["first"], pair["second"]) for pair in report["pairs"])
    assert f"near+decision was {WHY}." in (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    ledger = approved_account(Workspace(str(project.workspace)), "tickets").ledger()
    assert not ledger.reservations
    (paid,) = [entry for entry in ledger.entries if entry.key == "base-evaluation/near+decision"]
    assert (paid.unit, paid.quantity > 0) == ("tokens", answered > 0)


def test_a_model_of_the_platform_that_refuses_later_does_not_either(project: Project) -> None:
    arguments = ("--model", "char-ngram", "--arm", "decision", "--benchmark-only")
    planned = project.run("plan", str(project.data), *arguments)
    assert planned.returncode == 0, planned.stderr
    refusal = {"refuse": f"POST 400 {GONE}", "paths": "systemone"}
    (project.workspace / ".platform" / "faults.json").write_text(json.dumps(refusal), "utf-8")
    done = project.run("run", str(project.data), *arguments, "--approve", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    rows = {item["arm"]: item for item in project.report()["candidates"]}
    assert rows[""]["base"] is not None
    assert (rows["decision"]["base"], rows["decision"]["note"]) == (None, WHY)
    assert not approved_account(Workspace(str(project.workspace)), "tickets").ledger().reservations
