"""Sensor that tells a command or a webhook what somebody should hear of, each event once."""

# No `from __future__ import annotations` here: Dagster reads a sensor's annotations as they are written.

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

import dagster as dg
import msgspec

from fw_assets.pipeline.automation.alert_delivery import NotDelivered, post, run_command
from fw_assets.pipeline.automation.alert_events import (
    Event,
    Pending,
    failed_runs,
    plans_that_wait,
    ready_reports,
    regressions,
)
from fw_assets.pipeline.automation.definition import workflow_sensor
from fw_assets.pipeline.automation.scan import one_line
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.failures import EXPECTED_ERRORS
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

FAILED_RUN_SECONDS = 7 * 86_400.0
"""Runs that failed earlier are not told any more, should nothing have been delivered for so long."""
TICK_SECONDS = 30.0
"""Dagster ends a tick after a minute."""


FAULTS: tuple[type[Exception], ...] = (NotDelivered, *EXPECTED_ERRORS)
"""Those that keep an event from being told, and no other."""
Tell = Callable[[Event], None]


class AlertState(msgspec.Struct):
    """What was told.

    Attributes:
        since: when the sensor looked for the first time, in seconds since the epoch.
        told: by channel, ids of events that are still there, and were told or had been there before it.
    """

    since: float
    told: dict[str, list[str]] = {}


@workflow_sensor(
    seconds=30,
    usual="stopped",
    description=(
        "Tells a command ($FW_NOTIFY_COMMAND, JSON on its standard input) or a webhook ($FW_NOTIFY_URL, POST) when a "
        "plan waits for approval, a run failed, a report is ready, or a deployment got worse. Each event once; what "
        "was not delivered is tried again, and its skip reason says why. docs/alerts.md has recipes."
    ),
)
def alerts(
    context: dg.SensorEvaluationContext, workflow: WorkflowInstance, workspace: WorkspaceResource
) -> dg.SkipReason:
    """Tells what is new since its last tick, and keeps in the workspace what it has told."""
    channels = configured_channels()
    if not channels:
        return dg.SkipReason("off: set FW_NOTIFY_COMMAND or FW_NOTIFY_URL")
    return dg.SkipReason(tell_news(context.instance, workflow, workspace.open(), channels))


def configured_channels() -> dict[str, Tell]:
    """The command and the webhook, as far as the settings name them."""
    command, url = settings().fw_notify_command, settings().fw_notify_url
    channels: dict[str, Tell] = {}
    if command is not None:
        channels["command"] = partial(run_command, command.get_secret_value())
    if url is not None:
        channels["webhook"] = partial(post, url.get_secret_value())
    return channels


def tell_news(
    instance: dg.DagsterInstance, workflow: WorkflowInstance, store: Workspace, channels: Mapping[str, Tell]
) -> str:
    """Tell each channel each event that it has not been told, and keep each at once.

    An event is told again only where it was not taken, or where a kill fell between the telling and the keeping.

    Returns:
        What was done, in a sentence.
    """
    file = f".{workflow.named('alerts')}.json"
    state = _read(store, file)
    pending = _pending(instance, workflow, store, state.since)
    end = time.monotonic() + TICK_SECONDS
    done, left, failures = 0, 0, dict[str, None]()
    for channel, tell in channels.items():
        # What has been there before a channel is no news, but a plan that still waits.
        known = state.told.get(channel, [id for id in pending if not id.startswith("plan-waits/")])
        told = state.told[channel] = [id for id in known if id in pending]
        for id in [id for id in pending if id not in set(told)]:
            left += 1
            if time.monotonic() > end:
                continue
            try:
                tell(pending[id]())
            except FAULTS as error:
                failures[one_line(error)] = None
                continue
            told.append(id)
            _keep(store, file, state)
            done, left = done + 1, left - 1
    _keep(store, file, state)
    waiting = f"; to be told again: {left} ({'; '.join(failures) or 'in the next tick'})" if left else ""
    return (f"told: {done}" if done else "nothing new") + waiting


def _pending(instance: dg.DagsterInstance, workflow: WorkflowInstance, store: Workspace, since: float) -> Pending:
    """Everything that there is to tell, told or not."""
    snapshot = take_snapshot(store)
    return {
        **plans_that_wait(snapshot),
        **ready_reports(snapshot),
        **regressions(snapshot),
        **failed_runs(instance, workflow, snapshot, max(since, time.time() - FAILED_RUN_SECONDS)),
    }


def _read(store: Workspace, file: str) -> AlertState:
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(store.read_text(file) or "", type=AlertState)
    return AlertState(time.time())


def _keep(store: Workspace, file: str, state: AlertState) -> None:
    text = msgspec.json.encode(state).decode()
    if store.read_text(file) != text:
        store.write_text(text, file, private=True)
