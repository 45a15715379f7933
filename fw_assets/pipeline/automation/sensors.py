"""What starts by itself: the jobs, the sensor that starts what is due, the inbox, and the watch over lost runs."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import json
import time
from collections.abc import Callable
from typing import TypeVar

import dagster as dg
import msgspec

from fw_assets.pipeline.automation.inbox import FileState, ScanResult, inbox_url, scan, scan_platform
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.jobs import cell_job, dataset_job, job_name
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.phases import Step, config_of, statuses
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import step_tags
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs
from fw_assets.settings import settings

T = TypeVar("T")
MAX_REQUESTS_PER_TICK = 50
MAX_QUEUED = 100
"""No more runs are requested while this many wait."""
REQUEST_AGAIN_SECONDS = 60.0
WATCH_SECONDS = 4.0
"""How long a tick looks for something new; less than the daemon's loop of five seconds."""
LOOK_SECONDS = 0.25
REQUEST_SECONDS = 1.0
"""The same where every look is a request."""


def _run_config(step: Step) -> dict[str, object]:
    config = config_of(step, "daemon")
    return {"ops": {step.assets[0]: {"config": config}}} if config else {}


def poll_until(
    instance: dg.DagsterInstance, look: Callable[[], T], enough: Callable[[T], bool], least: float = LOOK_SECONDS
) -> T:
    """Look again and again until there is enough to end the tick, or the tick is about to be over.

    Dagster starts a tick every five seconds at most; looking within the tick finds what is new in a fraction of one.
    Only where each sensor's tick has a thread of its own (`sensors: use_threads` in dagster.yaml): elsewhere the
    sensors would wait for each other, and each looks once.
    """
    threads = instance.get_settings("sensors") if instance.is_persistent else None
    end = time.monotonic() + (WATCH_SECONDS if threads and threads.get("use_threads") else 0)
    while True:
        started = time.monotonic()
        found = look()
        pause = max(least, 9 * (time.monotonic() - started))
        if enough(found) or time.monotonic() + pause > end:
            return found
        time.sleep(pause)


@dg.sensor(
    jobs=[dataset_job, cell_job],
    minimum_interval_seconds=3,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts every step that is due, each once. Its skip reason says where each dataset stands.",
)
def phases(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """One run request per due step, as many as the queue has room for; Dagster drops a run key that it has had."""
    store = workspace.open()
    requested: dict[str, float] = json.loads(context.cursor or "{}")

    def look() -> tuple[list[Step], list[str]]:
        known, seen = set(context.instance.get_dynamic_partitions("datasets")), take_snapshot(store)
        standings = statuses(seen, seen.datasets())
        steps = [step for dataset, standing in standings.items() if dataset in known for step in standing.steps]
        return steps, [f"{dataset}: {standing.note}" for dataset, standing in standings.items()]

    def new(steps: list[Step]) -> list[Step]:
        # What was requested is requested again after a while: a daemon killed between the two loses nothing.
        return [step for step in steps if time.time() - requested.get(step.key, 0) > REQUEST_AGAIN_SECONDS]

    least = LOOK_SECONDS if store.is_local else REQUEST_SECONDS
    steps, notes = poll_until(context.instance, look, lambda found: bool(new(found[0])), least)
    wanted = sorted(new(steps), key=lambda step: requested.get(step.key, 0))
    waiting = context.instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])) if wanted else 0
    wanted = wanted[: max(0, min(MAX_REQUESTS_PER_TICK, MAX_QUEUED - waiting))]
    still_due = {step.key for step in steps}
    requested = {key: at for key, at in requested.items() if key in still_due}
    requested |= {step.key: round(time.time(), 1) for step in wanted}
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=step.key,
                job_name=job_name(step),
                partition_key=partition_key(step.dataset, step.model),
                asset_selection=[dg.AssetKey(asset) for asset in step.assets],
                run_config=_run_config(step),
                tags=step_tags(step),
            )
            for step in wanted
        ],
        cursor=json.dumps(requested),
        skip_reason=None if wanted else "; ".join(notes) or "no datasets yet",
    )


@dg.sensor(
    jobs=[dataset_job],
    minimum_interval_seconds=3,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Watches the inbox ($FW_INBOX, a folder or fsspec URL; default inbox/ in the workspace): NAME.jsonl, with "
        "NAME.session.yaml for the models and everything else, and NAME.eval.jsonl for a test set of its own. Content "
        "is planned once. Its skip reason names every file that waits, and for what."
    ),
)
def inbox(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.SensorResult:
    """Registers new or changed inbox files; the phases sensor then starts their planning."""
    store, host = workspace.open(), platform.open()
    url = inbox_url(store)
    seen = msgspec.json.decode(context.cursor or "{}", type=dict[str, FileState])

    def once() -> ScanResult:
        nonlocal seen
        found = scan(url, store, host, seen, time.time())
        seen = found.seen
        return found

    least = REQUEST_SECONDS if "://" in url else LOOK_SECONDS
    found = poll_until(context.instance, once, lambda found: bool(found.registered), least)
    return _registered(context, found, f"nothing new in {url}")


@dg.sensor(
    jobs=[dataset_job],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Watches the platform's datasets whose id matches $FW_WATCH_DATASETS, e.g. tickets-* (off without it). "
        "$FW_WATCH_SESSION names a session file with the models and everything else; a dataset without models waits."
    ),
)
def platform_datasets(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.SensorResult:
    """Registers new or changed datasets of the platform; the phases sensor then starts their planning."""
    pattern = settings().fw_watch_datasets
    if not pattern:
        return dg.SensorResult(skip_reason="off: set FW_WATCH_DATASETS to a pattern such as tickets-* (or *)")
    seen = msgspec.json.decode(context.cursor or "{}", type=dict[str, FileState])
    found = scan_platform(pattern, settings().fw_watch_session, workspace.open(), platform.open(), seen, time.time())
    return _registered(context, found, f"nothing new among the datasets {pattern}")


def _registered(context: dg.SensorEvaluationContext, found: ScanResult, nothing: str) -> dg.SensorResult:
    # Added here and not by request: the phases sensor looks meanwhile and may start planning at once.
    if found.registered:
        context.instance.add_dynamic_partitions("datasets", found.registered)
    notes = [*found.notes, *(f"{name}: registered, to be planned" for name in found.registered)]
    return dg.SensorResult(cursor=msgspec.json.encode(found.seen).decode(), skip_reason="; ".join(notes) or nothing)


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone (a reboot, a kill), so that they are retried and free their slots.",
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Looks at every started run's process."""
    gone = fail_orphaned_runs(context.instance)
    return dg.SkipReason(f"failed {', '.join(gone)}" if gone else "every started run has its process")
