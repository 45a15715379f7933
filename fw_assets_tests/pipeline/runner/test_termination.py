"""A run that a person terminates while its jobs run: it ends, names what goes on without it, and can be run again."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import os
import signal
import threading
import time

import dagster as dg
import pytest

from fw_assets.definitions import defs
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.failures import MAX_RETRIES
from fw_assets.pipeline.phases import TUNING, Step, due
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.steps.retries import retry_transient
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

CELLS = 4
PATIENCE_SECONDS = 120.0


def terminate_when_training(instance: dg.DagsterInstance, project: Project) -> None:
    """Do what the UI's button does: mark the run, and interrupt its process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while project.platform()["supervisedFineTuningJobs"] < CELLS and time.monotonic() < deadline:
        time.sleep(0.01)
    (record,) = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    instance.report_run_canceling(record.dagster_run)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_terminated_training_ends_at_once_and_says_what_still_runs(here: Project) -> None:
    store = Workspace(str(here.workspace))
    assert here.run("plan", str(here.data), "--model", "char-ngram").returncode == 0
    with open_instance(str(here.workspace)) as instance:
        planned = store.header("plan", "tickets")
        assert planned is not None
        answer = {"approved_by": "ann", "plan_digest": planned.digest, "driver": "command_line"}
        execute(instance, defs, Step(("approval",), "tickets", None, ""), answer)
        while (steps := due(store, "tickets", driver=None).steps)[0].assets != TUNING:
            execute(instance, defs, steps[0])
        button = threading.Thread(target=terminate_when_training, args=(instance, here))
        button.start()
        with pytest.raises(BaseException) as raised:
            execute(instance, defs, steps[0])
        button.join()
        assert not isinstance(raised.value, Exception), "neither failed nor tried again"
        (stopped,) = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELED]))
        log = " ".join(entry.user_message for entry in instance.all_logs(stopped.dagster_run.run_id))
        held = {item.id for item in approved_account(store, "tickets").ledger().reservations}
        assert held
        assert all(name in log for name in held)
        assert "as nothing is cancelled from here" in log

        while steps := due(store, "tickets", driver=None).steps:
            execute(instance, defs, steps[0])
    assert due(store, "tickets", driver=None).state == "done"
    assert here.platform()["supervisedFineTuningJobs"] == CELLS, "adopted, not started again"
    ledger = approved_account(store, "tickets").ledger()
    assert held <= {entry.id for entry in ledger.entries}


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(LookupError("lost"), MAX_RETRIES + 1), (dg.Failure("correct it", allow_retries=False), 1)],
    ids=["may-pass", "to-be-corrected"],
)
def test_what_may_pass_is_tried_again_and_fails_with_its_own_error(
    error: Exception, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fw_assets.pipeline.failures.FIRST_DELAY_SECONDS", 0)
    attempt_numbers = []

    @dg.asset
    def failing(context: dg.AssetExecutionContext) -> None:
        with retry_transient(context):
            attempt_numbers.append(context.retry_number)
            raise error

    with pytest.raises(type(error)) as raised:
        dg.materialize([failing])
    assert attempt_numbers == list(range(attempts))
    assert raised.value is error
