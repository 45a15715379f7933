"""What the clock starts: the schedules' requests, and what the runs do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.definitions import defs
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.embedded.store.resource_names import ACCOUNT
from fw_assets.pipeline.automation import schedules, upkeep_jobs
from fw_assets.pipeline.automation.definition import Automation
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.evaluation.night_log import NightLog
from fw_assets.pipeline.evaluation.request_set import request_key
from fw_assets.pipeline.evaluation.response_cache import StoredAnswer
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.regression import Regression
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.price_changes import charge
from fw_assets_tests.project import Project

NIGHT = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)


def requests(schedule: Automation[dg.ScheduleDefinition], root: Path) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(scheduled_execution_time=NIGHT)
    found: Any = schedule(OWN)(context, workspace=WorkspaceResource(root=str(root)))
    return [request for request in found if isinstance(request, dg.RunRequest)]


@pytest.fixture
def deployed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    done = project.run(*project.workflow("--deploy", "always"))
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("FW_WORKSPACE", str(project.workspace))
    monkeypatch.chdir(project.folder)
    return project


def test_a_live_deployment_is_checked_each_night_and_what_did_not_change_is_left_alone(deployed: Project) -> None:
    root, store = deployed.workspace, Workspace(str(deployed.workspace))
    (request,) = requests(schedules.nightly_regression, root)
    assert (request.partition_key, request.run_key) == ("tickets", "regression/tickets/2026-03-02")
    asked = deployed.platform()["inference_requests"]
    test_rows = deployed.report()["rows"]["test"]

    def run_on(accelerators: dict[str, str | int]) -> None:
        with open_platform(root / ".platform").database.write() as connection:
            for item in documents.list_all(connection, "deployments", ACCOUNT):
                documents.update(connection, "deployments", ACCOUNT, item["name"].rsplit("/", 1)[-1], accelerators)

    with open_instance(str(root)) as instance:

        def night(date: str, max_usd: float = 0.0) -> dg.ExecuteInProcessResult:
            return defs.resolve_job_def("check_deployment").execute_in_process(
                instance=instance,
                partition_key=request.partition_key,
                asset_selection=list(request.asset_selection or ()),
                run_config={"ops": {"regression": {"config": {"date": date, "max_usd": max_usd}}}},
            )

        checks = {check.check_name: check for check in night("2026-03-02").get_asset_check_evaluations()}
        assert set(checks) == {"regression", "coverage", "label_shares", "flips", "served_model"}
        assert all(check.passed for check in checks.values())
        assert "over one night, 2026-03-02" in str(checks["regression"].description)
        assert ": 0.0 points" in str(checks["regression"].description)
        first = deployed.platform()["inference_requests"]
        assert first - asked >= test_rows - 5, "every distinct row is asked again"
        night("2026-03-02")
        again = deployed.platform()["inference_requests"]
        assert again == first, "the answers of one date are kept"
        night("2026-03-03")
        assert deployed.platform()["inference_requests"] - again >= test_rows - 5, "another date has its own answers"
    ledger = regression_ledger(store, "tickets")
    assert [entry.id[-10:] for entry in ledger.entries] == ["2026-03-02", "2026-03-03"], "a date is paid for once"
    assert all(entry.quantity > test_rows for entry in ledger.entries)
    assert ledger.reservations == ()
    (told,) = json.loads(deployed.run("status", "--json").stdout)["datasets"]
    assert told["regression_checks"] == {"paid_usd": 0, "held_usd": 0}
    assert "2 regression checks, $0.00 paid" in " ".join(deployed.run("status").stdout.split())
    kept = [json.loads(line)["date"] for line in store.lines("tickets", "regression.jsonl")]
    assert kept == ["2026-03-02", "2026-03-03"], "a night counts once"
    assert due(store, "tickets", driver=None).state == "done"

    charge(deployed, {"deployment-hour": 3.0})
    with open_instance(str(root)) as instance:
        asked = deployed.platform()["inference_requests"]
        with pytest.raises(dg.Failure, match=r"deployment-hour of char-ngram: \$0\.00 -> \$3\.00 per hour"):
            night("2026-03-04")
        assert deployed.platform()["inference_requests"] == asked
        run_on({"acceleratorType": "NVIDIA_B200_180GB", "acceleratorCount": 4})
        with pytest.raises(dg.Failure, match=r"could cost \$8\.70.*\$52\.00 an hour of the deployment"):
            night("2026-03-04", max_usd=1.0)
        assert deployed.platform()["inference_requests"] == asked
        run_on({"acceleratorType": "", "acceleratorCount": 0})
        assert night("2026-03-04", max_usd=1.0).success
    *_, entry = regression_ledger(store, "tickets").entries
    assert 0.2 < (entry.usd or 0) < 0.4, "five minutes and more, at the price of the day"
    assert due(store, "tickets", driver=None).state == "done", "no check voids a plan"
    charge(deployed, {})

    for date in ("2026-03-05", "2026-03-06"):
        answer_with_one_label(store, date)
    with open_instance(str(root)) as instance:
        night("2026-03-05")
        result = night("2026-03-06")
        lost = {check.check_name: check for check in result.get_asset_check_evaluations()}["regression"]
        assert (lost.passed, lost.severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert "A loss is shown since 2026-03-0" in str(lost.description)
        (made,) = result.asset_materializations_for_node("regression")
        assert made.metadata["nights"].value == 5
        assert str(made.metadata["by_night"].value).startswith("![chart](data:image/svg+xml")
    assert store.read("regression", "tickets", Regression) is not None

    host = platform_from_environment()
    assert requests(schedules.weekly_rerun, root)[0].run_config == {
        "ops": {"restage_dataset": {"config": {"dataset": "tickets"}}}
    }
    before = store.header("registration", "tickets")
    assert upkeep_jobs.restage(store, host, "tickets") is False
    assert store.header("registration", "tickets") == before
    assert due(store, "tickets", driver=None).state == "done"
    deployed.data.write_text("".join(deployed.data.read_text("utf-8").splitlines(keepends=True)[:-5]), "utf-8")
    assert upkeep_jobs.restage(store, host, "tickets") is True
    assert due(store, "tickets").note == "to be inspected and planned"

    assert len(requests(schedules.monthly_benchmark, root)) == 1
    new = upkeep_jobs.register_new_models(store, host, "tickets")
    assert new
    assert not any(name.endswith("/char-ngram") for name in new)
    assert due(store, "tickets-new-models").note == "to be inspected and planned"
    assert len(requests(schedules.monthly_benchmark, root)) == 1, "not a benchmark of the benchmark"


def answer_with_one_label(store: Workspace, date: str) -> None:
    """What a deployment answered on a date on which it served something else."""
    record, prompt = (
        store.require("deployment", "tickets", DeploymentRecord),
        store.require("prompt", "tickets", Prompt),
    )
    assert record.deployment is not None
    assert record.address is not None
    rows = part_batches(store, "tickets", "test")
    cache = NightLog(store, "tickets", record.deployment, record.address, prompt, rows).cache(date)
    for messages in rows.columns("messages")["messages"]:
        answer = prompt.render([prompt.labels[0]])
        cache.add(StoredAnswer(key=request_key(prompt, messages), text=answer, finish_reason="stop"))
    cache.flush()


def test_nothing_is_asked_where_nothing_is_deployed(tmp_path: Path) -> None:
    assert requests(schedules.nightly_regression, tmp_path) == []
    assert requests(schedules.weekly_rerun, tmp_path) == []
