"""Events that somebody should hear of: plans that wait, runs that failed, reports, and deployments that got worse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

import dagster as dg

from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.values import Frozen
from fw_assets.classification.visible_text import printable
from fw_assets.pipeline.phases import statuses
from fw_assets.pipeline.run_tags import DATASET, PHASE
from fw_assets.pipeline.ui.regression_checks import regression_checks
from fw_assets.pipeline.values.delivery import ReportRecord
from fw_assets.pipeline.values.regression import Regression
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.report.formatting import usd_roughly
from fw_assets.workspace.workspace import Workspace

Kind = Literal["plan-waits", "run-failed", "report-ready", "regression"]
MAX_REASON = 600
"""Characters of the reason of a failure; the run's page has all of it."""
MAX_FAILED_RUNS = 1000
WILL_RETRY = "dagster/will_retry"
"""Dagster's own tag of a run that it starts again by itself."""


class Event(Frozen):
    """What a command or a webhook is told.

    Attributes:
        id: equal for the same event, should it be told twice.
        text: all of it in sentences, as a person reads it.
        at: when it was noticed, RFC 3339 in UTC.
        file: the plan or the report, as a path or an address; empty where there is none.
        run: Dagster's id of the run that failed; empty else.
    """

    id: str
    kind: Kind
    dataset: str
    text: str
    at: str
    file: str = ""
    run: str = ""


Pending = dict[str, Callable[[], Event]]
"""Events by their id; each is only made when it is told."""


def plans_that_wait(store: Workspace) -> Pending:
    waiting = [name for name, status in statuses(store, store.datasets(), None).items() if status.state == "waiting"]
    heads = {name: store.header("plan", name) for name in waiting}
    return {
        f"plan-waits/{name}/{head.digest}": partial(_plan_waits, store, name, head.digest)
        for name, head in heads.items()
        if head
    }


def ready_reports(store: Workspace) -> Pending:
    heads = {name: store.header("report", name) for name in store.datasets()}
    return {
        f"report-ready/{name}/{head.digest}": partial(_report_ready, store, name, head.digest)
        for name, head in heads.items()
        if head
    }


def regressions(store: Workspace) -> Pending:
    """Checks of deployments that fail by the evidence of all nights, warnings among them."""
    pending: Pending = {}
    for name in store.datasets():
        if store.header("regression", name) is None:
            continue
        try:
            result = store.require("regression", name, Regression)
        except (InputError, OSError):
            continue  # damaged, or of an earlier version: `status` says it
        for check in regression_checks(name, result):
            if not check.passed:
                id = f"regression/{result.deployment}/{check.check_name}"
                pending[id] = partial(_event, id, "regression", name, f"{check.description} (check {check.check_name})")
    return pending


def failed_runs(instance: dg.DagsterInstance, workflow: WorkflowInstance, store: Workspace, since: float) -> Pending:
    """Runs of the workspace's datasets that failed, and that Dagster does not start again by itself."""
    records = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=dt.datetime.fromtimestamp(since, dt.UTC)),
        limit=MAX_FAILED_RUNS,
    )
    names = set(store.datasets())
    runs = (record.dagster_run for record in records if (record.end_time or since) >= since)
    return {
        f"run-failed/{run.run_id}": partial(_run_failed, instance, run)
        for run in runs
        if run.job_name.startswith(workflow.named(""))
        and run.tags.get(DATASET) in names
        and run.tags.get(WILL_RETRY) != "true"
    }


def _plan_waits(store: Workspace, name: str, digest: str) -> Event:
    plan = store.require("plan", name, Plan)
    cost = "it costs nothing" if not plan.ceiling_usd() else f"up to {usd_roughly(plan.ceiling_usd())}"
    if plan.estimate.lower_bound:
        cost += ", and prices that are not known"
    text = f"{name}: plan {digest} waits for approval ({cost}): {to_approve(store, name, anywhere=True)}."
    return _event(f"plan-waits/{name}/{digest}", "plan-waits", name, text, file=_place(store, name, "plan.md"))


def _report_ready(store: Workspace, name: str, digest: str) -> Event:
    record = store.require("report", name, ReportRecord)
    text = f"{name}: the report is ready. {record.headline}"
    file = _place(store, name, "final_report.html")
    return _event(f"report-ready/{name}/{digest}", "report-ready", name, text, file=file)


def _run_failed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Event:
    name = run.tags[DATASET]
    title = run.tags.get(PHASE) or run.job_name
    reason = next(iter(_reasons(instance, run.run_id)), "Dagster's page of the run says why")
    text = f"{name}: {title} failed (run {run.run_id[:8]}): {reason}"
    return _event(f"run-failed/{run.run_id}", "run-failed", name, text, run=run.run_id)


def _reasons(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    records = instance.get_records_for_run(
        run_id, of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    ).records
    for record in records:
        event = record.event_log_entry.get_dagster_event()
        if event.event_type is dg.DagsterEventType.STEP_FAILURE:
            given = event.step_failure_data.user_failure_data
            error = event.step_failure_data.error
            reason = (given and given.description) or (error and error.message) or ""
        else:
            reason = event.message or ""
        if reason:
            yield reason if len(reason) <= MAX_REASON else f"{reason[:MAX_REASON]}…"


def _event(id: str, kind: Kind, dataset: str, text: str, **more: str) -> Event:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Event(id=id, kind=kind, dataset=dataset, text=printable(" ".join(text.split())), at=at, **more)


def _place(store: Workspace, *path: str) -> str:
    return str(store.local(*path)) if store.is_local else store.url(*path)
