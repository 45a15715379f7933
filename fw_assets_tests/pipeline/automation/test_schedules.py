"""What the clock starts: the schedules' requests, what the runs do, and how often the nightly check cries wolf."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from fw_assets.classification.selection.sign_flip import difference_interval, independent
from fw_assets.definitions import defs
from fw_assets.pipeline.automation import schedules, upkeep_jobs
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.values.delivery import unchanged
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.price_changes import charge
from fw_assets_tests.project import Project

NIGHT = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)


def requests(schedule: dg.ScheduleDefinition, root: Path) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(scheduled_execution_time=NIGHT)
    found: Any = schedule(context, workspace=WorkspaceResource(root=str(root)))
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

    with open_instance(str(root)) as instance:

        def night(date: str, max_usd: float = 0.0) -> dg.ExecuteInProcessResult:
            return defs.resolve_job_def("dataset_job").execute_in_process(
                instance=instance,
                partition_key=request.partition_key,
                asset_selection=list(request.asset_selection or ()),
                run_config={"ops": {"regression": {"config": {"date": date, "max_usd": max_usd}}}},
            )

        (check,) = night("2026-03-02").get_asset_check_evaluations()
        assert check.passed
        assert "0 rows gained, 0 lost" in str(check.description)
        first = deployed.platform()["inference_requests"]
        assert first - asked >= test_rows - 5, "every distinct row is asked again"
        night("2026-03-02")
        again = deployed.platform()["inference_requests"]
        assert again - first <= 1, "one probe; the answers of one date are kept"
        night("2026-03-03")
        assert deployed.platform()["inference_requests"] - again >= test_rows - 5, "another date has its own answers"
    ledger = regression_ledger(store, "tickets")
    assert [entry.id[-10:] for entry in ledger.entries] == ["2026-03-02", "2026-03-03"], "a date is paid for once"
    assert all(entry.quantity > test_rows for entry in ledger.entries)
    assert ledger.reservations == ()
    (told,) = json.loads(deployed.run("status", "--json").stdout)
    assert told["regression_checks"] == {"paid_usd": 0, "held_usd": 0}
    assert "2 regression checks, $0.00 paid" in " ".join(deployed.run("status").stdout.split())
    kept = [json.loads(line)["date"] for line in store.lines("tickets", "regression.jsonl")]
    assert kept == ["2026-03-02", "2026-03-02", "2026-03-03"]
    assert due(store, "tickets", driver=None).state == "done"

    charge(deployed, {"deployment-hour": 3.0})
    with open_instance(str(root)) as instance:
        asked = deployed.platform()["inference_requests"]
        with pytest.raises(dg.Failure, match=r"deployment-hour of char-ngram: \$0\.00 -> \$3\.00 per hour"):
            night("2026-03-04")
        assert deployed.platform()["inference_requests"] == asked
        assert night("2026-03-04", max_usd=1.0).success
    *_, entry = regression_ledger(store, "tickets").entries
    assert 0.2 < (entry.usd or 0) < 0.4, "five minutes and more, at the price of the day"
    assert due(store, "tickets", driver=None).state == "done", "no check voids a plan"
    charge(deployed, {})

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


def test_nothing_is_asked_where_nothing_is_deployed(tmp_path: Path) -> None:
    assert requests(schedules.nightly_regression, tmp_path) == []
    assert requests(schedules.weekly_rerun, tmp_path) == []


@pytest.mark.parametrize(("rows", "restless"), [(30, 0.1), (100, 0.05), (200, 0.1), (1000, 0.02)])
def test_a_deployment_that_did_not_change_seldom_fails_the_check(rows: int, restless: float) -> None:
    """Answers that come out differently on some rows by chance, as often for the better as for the worse."""
    generator = np.random.default_rng(7)
    nights = 2000
    differ = generator.binomial(rows, restless, nights)
    gained = generator.binomial(differ, 0.5)
    alarms = sum(
        not unchanged(difference_interval(independent(int(rows - d), int(g), int(d - g), 0)))
        for d, g in zip(differ, gained, strict=True)
    )
    assert alarms / nights <= 0.06


def test_a_deployment_that_lost_a_tenth_of_its_answers_fails_the_check() -> None:
    assert not unchanged(difference_interval(independent(150, 0, 20, 30)))
