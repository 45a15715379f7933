"""Sensors: start what is due, register what appears in the inbox or on the platform, and fail orphaned runs."""

# No `from __future__ import annotations` here: Dagster reads a sensor's annotations as they are written.

import json
import time

import dagster as dg

from fw_assets.classification.dataset_reference import is_url
from fw_assets.classification.errors import InputError
from fw_assets.classification.session_input import load_session
from fw_assets.pipeline.automation.definition import workflow_sensor
from fw_assets.pipeline.automation.inbox import inbox_url, scan_inbox
from fw_assets.pipeline.automation.platform_scan import scan_platform
from fw_assets.pipeline.automation.polling import poll_until
from fw_assets.pipeline.automation.scan import FileState, Scan, keep_sensor_states, one_line, sensor_states
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.jobs import CHECK_DEPLOYMENT, STEP_JOBS, job_name
from fw_assets.pipeline.partitions import add_partitions, dataset_partitions, partition_key
from fw_assets.pipeline.phases import Step, config_of, due
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import FORMER_STEP_KEY, STEP_KEY, step_tags
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs
from fw_assets.pipeline.standing import standings
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

MAX_REQUESTS_PER_TICK = 50
MAX_QUEUED = 100
"""No more runs are requested while this many wait."""
REQUEST_AGAIN_SECONDS = 60.0
"""A daemon that is killed between the cursor and the run loses nothing: Dagster drops a run key that it has had."""


@workflow_sensor(
    jobs=tuple(name for name in STEP_JOBS if name != CHECK_DEPLOYMENT),
    seconds=3,
    description="Starts every step that is due, each once. Its skip reason says where each dataset stands.",
)
def phases(
    context: dg.SensorEvaluationContext, workflow: WorkflowInstance, workspace: WorkspaceResource
) -> dg.SensorResult:
    """Requests a run for each step that is due, as many as the queue has room for, the longest waiting first."""
    store = workspace.open()
    requested: dict[str, float] = json.loads(context.cursor or "{}")

    def poll() -> tuple[list[Step], list[str]]:
        # A dataset is registered before it is a partition, and no run can be requested for it until then.
        partitions, snapshot = dataset_partitions(context.instance, workflow), take_snapshot(store)
        by_dataset = standings(snapshot, snapshot.datasets())
        steps = [step for dataset, status in by_dataset.items() if dataset in partitions for step in status.steps]
        return steps, [f"{dataset}: {status.note}" for dataset, status in by_dataset.items()]

    def not_requested(steps: list[Step]) -> list[Step]:
        return [step for step in steps if time.time() - requested.get(step.key, 0) > REQUEST_AGAIN_SECONDS]

    steps, notes = poll_until(
        context.instance, poll, lambda result: bool(not_requested(result[0])), remote=not store.is_local
    )
    new = sorted(not_requested(steps), key=lambda step: requested.get(step.key, 0))
    queued = context.instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])) if new else 0
    new = new[: max(0, min(MAX_REQUESTS_PER_TICK, MAX_QUEUED - queued))]
    still_due = {step.key for step in steps}
    requested = {key: at for key, at in requested.items() if key in still_due}
    requested |= {step.key: round(time.time(), 1) for step in new}
    return dg.SensorResult(
        run_requests=[run_request(workflow, step, _run_key(context.instance, workflow, store, step)) for step in new],
        cursor=json.dumps(requested),
        skip_reason=None if new else "; ".join(notes) or "no datasets yet",
    )


def _run_key(instance: dg.DagsterInstance, workflow: WorkflowInstance, store: Workspace, step: Step) -> str:
    """The step's key; with a number where a run of it succeeded and what it made is not there any more.

    Dagster drops a run key that it has had, and a value that was damaged has to be made again.
    """
    # Runs of earlier versions were in other jobs, and two instances may have steps of one key.
    job = job_name(step, workflow) if workflow.name else None
    succeeded = sum(
        instance.get_runs_count(
            dg.RunsFilter(job_name=job, tags={tag: step.key}, statuses=[dg.DagsterRunStatus.SUCCESS])
        )
        for tag in (STEP_KEY, FORMER_STEP_KEY)
    )
    # The value is written before its run succeeds: what is still due after the count is lost.
    if succeeded and step.key in {other.key for other in due(store, step.dataset).steps}:
        return f"{step.key}#{succeeded + 1}"
    return step.key


def run_request(workflow: WorkflowInstance, step: Step, run_key: str = "") -> dg.RunRequest:
    """The request that starts a step, once per key: the step's own unless another is given."""
    config = config_of(step, "daemon")
    return dg.RunRequest(
        run_key=run_key or step.key,
        job_name=job_name(step, workflow),
        partition_key=partition_key(step.dataset, step.model),
        asset_selection=[dg.AssetKey(workflow.key(asset)) for asset in step.assets],
        run_config={"ops": {workflow.op(step.assets[0]): {"config": config}}} if config else {},
        tags={**step_tags(step, workflow), STEP_KEY: step.key},
    )


@workflow_sensor(
    jobs=("inspect_and_plan",),
    seconds=3,
    description=(
        "Watches the inbox ($FW_INBOX, a folder or fsspec URL; default inbox/ in the workspace): NAME.csv, NAME.jsonl "
        "and other data files, with NAME.session.yaml for the models and everything else, and NAME.eval.csv (of any "
        "format) for a test set of its own. Content "
        "is planned once. Its skip reason names every file that waits, and for what."
    ),
)
def inbox(
    context: dg.SensorEvaluationContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.SensorResult:
    """Registers new or changed inbox files; the phases sensor then starts their planning."""
    store, host = workspace.open(), platform.open()
    url = inbox_url(store, workflow)
    states = sensor_states(store, "inbox", context.cursor, FileState)

    def poll() -> Scan:
        nonlocal states
        scan = scan_inbox(url, store, host, states, time.time(), workflow.session_fields)
        states = scan.states
        return scan

    scan = poll_until(context.instance, poll, lambda scan: bool(scan.registered), remote=is_url(url))
    return _scan_result(context, workflow, store, "inbox", scan, f"nothing new in {url}")


@workflow_sensor(
    jobs=("inspect_and_plan",),
    seconds=30,
    description=(
        "Watches the platform's datasets whose id matches $FW_WATCH_DATASETS, e.g. tickets-* (off without it). "
        "$FW_WATCH_SESSION names a session file with the models and everything else; a dataset without models waits."
    ),
)
def platform_datasets(
    context: dg.SensorEvaluationContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.SensorResult:
    """Registers new or changed datasets of the platform; the phases sensor then starts their planning."""
    configured = settings()
    pattern = workflow.watched or configured.fw_watch_datasets
    if not pattern:
        return dg.SensorResult(skip_reason="off: set FW_WATCH_DATASETS to a pattern such as tickets-* (or *)")
    store = workspace.open()
    states = sensor_states(store, "platform_datasets", context.cursor, FileState)
    try:
        session = load_session(configured.fw_watch_session) if configured.fw_watch_session and not workflow.name else {}
    except InputError as error:
        return dg.SensorResult(cursor=context.cursor, skip_reason=one_line(error))
    scan = scan_platform(pattern, {**workflow.session_fields, **session}, store, platform.open(), states, time.time())
    return _scan_result(
        context, workflow, store, "platform_datasets", scan, f"nothing new among the datasets {pattern}"
    )


def _scan_result(
    context: dg.SensorEvaluationContext,
    workflow: WorkflowInstance,
    store: Workspace,
    sensor: str,
    scan: Scan,
    nothing: str,
) -> dg.SensorResult:
    # Added here and not by request: the phases sensor polls meanwhile and may start planning at once.
    if scan.registered:
        add_partitions(context.instance, "datasets", scan.registered, workflow)
    notes = [*scan.notes, *(f"{name}: registered, to be planned" for name in scan.registered)]
    try:
        cursor = keep_sensor_states(store, sensor, scan.states, "dataset")
    except OSError as error:  # what was registered stays so, and the next tick looks again
        return dg.SensorResult(cursor=context.cursor, skip_reason="; ".join([*notes, one_line(error)]))
    return dg.SensorResult(cursor=cursor, skip_reason="; ".join(notes) or nothing)


@workflow_sensor(
    seconds=30,
    description="Fails runs whose process is gone (a reboot, a kill), so that they are retried and free their slots.",
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Looks at every started run's process."""
    failed = fail_orphaned_runs(context.instance)
    return dg.SkipReason(f"failed {', '.join(failed)}" if failed else "every started run has its process")
