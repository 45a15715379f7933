"""The sensor that compares plans which wait for approval with what the platform offers now."""

# No `from __future__ import annotations` here: Dagster reads a sensor's annotations as they are written.

import time

import dagster as dg

from fw_assets.classification.errors import InputError
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.automation.definition import workflow_sensor
from fw_assets.pipeline.automation.scan import keep_sensor_states, one_line, sensor_states
from fw_assets.pipeline.automation.sensors import run_request
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.partitions import dataset_partitions
from fw_assets.pipeline.phases import PLAN, Step, statuses
from fw_assets.pipeline.planning.draft import changed_draft
from fw_assets.pipeline.platform.catalogue import priced_catalogue
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.workflow.instance import WorkflowInstance

SENSOR = "outdated_plans"
REQUEST_AGAIN_SECONDS = 600
"""A plan that is still outdated is made again this often: its run may have failed."""


@workflow_sensor(
    jobs=("inspect_and_plan",),
    seconds=60,
    description=(
        "Reads the platform's prices and models once a minute while a plan waits for approval, and has those plans "
        "made again that state anything otherwise. What is approved is compared by each step before it spends."
    ),
)
def outdated_plans(
    context: dg.SensorEvaluationContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.SensorResult:
    """Requests a new plan per outdated one; a plan that was compared with the same offer is not read again."""
    kept = workspace.open()
    store, partitions = take_snapshot(kept), dataset_partitions(context.instance, workflow)
    waiting = [name for name, status in statuses(store, store.datasets()).items() if status.state == "waiting"]
    if not waiting:
        return dg.SensorResult(cursor="", skip_reason="no plan waits for approval")
    compared = sensor_states(kept, SENSOR, context.cursor, list[str])
    current: dict[str, list[str]] = {}
    requests, notes = [], []
    try:
        host = platform.open()
        priced = priced_catalogue(host)
    except (InputError, FireworksError) as error:
        return dg.SensorResult(cursor=context.cursor, skip_reason=one_line(error))
    for dataset in waiting:
        head = store.header("plan", dataset)
        mark = [head.digest if head else "", priced.fingerprint]
        if compared.get(dataset) == mark:
            current[dataset] = mark
            continue
        try:
            draft = changed_draft(store, host, dataset, priced)
        except (InputError, FireworksError, OSError) as error:
            notes.append(f"{dataset}: {one_line(error)}")
            continue
        if draft is None:
            current[dataset] = mark
        elif dataset in partitions:
            attempt = int(time.time() // REQUEST_AGAIN_SECONDS)
            requests.append(
                run_request(workflow, Step(PLAN, dataset, None, f"{mark[0]}-{draft.plan.digest}-{attempt}"))
            )
    try:
        cursor = keep_sensor_states(kept, SENSOR, current, "plan")
    except OSError as error:  # the next tick compares those plans again
        cursor = context.cursor or ""
        notes.append(one_line(error))
    return dg.SensorResult(
        run_requests=requests,
        cursor=cursor,
        skip_reason=None if requests else "; ".join(notes) or "every plan that waits states what the platform offers",
    )
