"""Log of a dataset's reports: once per plan, with what earlier versions left, and never lost to a damaged line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fw_assets.pipeline.reporting.looks import record_look
from fw_assets.pipeline.reporting.trend import LOG, record_trend
from fw_assets.report.schema.looks import Look
from fw_assets.report.schema.report import DeploymentResult, Report
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.report.samples import sample_report

NAME = "support-intents"


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def report(plan: str, day: int, rows: str = "5f5f", **changes: Any) -> Report:
    made = sample_report(**changes)
    return made.model_copy(
        update={
            "plan_digest": plan,
            "digests": {**made.digests, "test rows": rows},
            "run": made.run.model_copy(update={"finished_at": f"2026-11-{day:02d}T11:00:00+00:00"}),
        }
    )


def test_every_plan_is_one_point_in_the_order_of_the_reports(store: Workspace) -> None:
    record_trend(store, report("p1", 1))
    record_trend(store, report("p2", 2, rows="other"))
    record_trend(store, report("p2", 3, rows="other"))
    trend = record_trend(store, report("p3", 4))
    assert trend is not None
    assert [(point.plan, point.at[:10], point.test_digest) for point in trend.points] == [
        ("p1", "2026-11-01", "5f5f"),
        ("p2", "2026-11-03", "other"),
        ("p3", "2026-11-04", "5f5f"),
    ]
    tuned = report("p3", 4).candidates[0].tuned
    assert tuned is not None
    last = trend.points[-1]
    assert (last.model, last.kind, last.accuracy, last.rows) == ("minilm-ngram", "tuned", tuned.accuracy, 300)
    again = record_trend(store, report("p3", 4))
    assert again == trend
    assert len(list(store.log(NAME, LOG).lines())) == 4


def test_the_report_of_an_earlier_version_begins_the_log(store: Workspace) -> None:
    old = report("old", 1)
    text = old.model_dump_json(exclude={"trend", "looks", "power"})
    store.write_text(text, NAME, "report.json")
    trend = record_trend(store, report("new", 2))
    assert trend is not None
    assert [point.plan for point in trend.points] == ["old", "new"]
    assert trend.unknown == 0


@pytest.mark.parametrize("text", ['{"version": 9}', "no JSON", '{"dataset": 3}'])
def test_what_cannot_be_read_is_counted(store: Workspace, text: str) -> None:
    for plan in ("old", "older"):
        record_look(store, Look(test_digest="5f5f", plan=plan, dataset=NAME, at="2026-10-01"))
    record_look(store, Look(test_digest="5f5f", plan="elsewhere", dataset="another", at="2026-10-01"))
    store.write_text(text, NAME, "report.json")
    store.log(NAME, LOG).append("{damaged")
    trend = record_trend(store, report("new", 2))
    assert trend is not None
    assert [point.plan for point in trend.points] == ["new"]
    assert trend.unknown == 2


def test_a_run_without_a_verdict_is_no_point(store: Workspace) -> None:
    unfinished = report(
        "p1", 1, status="incomplete", winner=None, deployment=DeploymentResult(decision="incomplete"), snippets=None
    )
    assert record_trend(store, unfinished) is None
    assert not store.exists(NAME, LOG)


def test_the_point_is_of_the_model_that_stays_in_use(store: Workspace) -> None:
    kept = report("p1", 1, deployment=DeploymentResult(decision="keep-base"))
    trend = record_trend(store, kept)
    base = kept.candidates[0].base
    assert trend is not None
    assert base is not None
    assert (trend.points[0].kind, trend.points[0].accuracy) == ("base", base.accuracy)
