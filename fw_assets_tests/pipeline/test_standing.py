from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from fw_assets.pipeline.machine import this_machine
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.standing import standings, steps_at_work
from fw_assets.pipeline.values.step_run import StepRun, forget_step_run, record_step_run
from fw_assets.pipeline.workflow.owner import FILE, Owner, note_owner
from fw_assets.settings import SHELL_WORKSPACE, in_workspace
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

NOBODY = 2**22 - 1
"""A process id that no process has: Linux hands out smaller ones, and lower ones first."""

AGAIN = "try again with: fw-assets run tickets"
LEFT = f"to be inspected and planned; no command is at work on it; {AGAIN}"


def standing(project: Project) -> tuple[str, str]:
    """State and note, as the project's own shell reads them."""
    with pytest.MonkeyPatch.context() as shell:
        shell.delenv(SHELL_WORKSPACE, raising=False)
        shell.setenv("FW_WORKSPACE", str(project.workspace))
        with in_workspace(str(project.workspace)):
            status = standings(Workspace(str(project.workspace)), ["tickets"], driver=None)["tickets"]
    return status.state, status.note


@pytest.mark.usefixtures("watched")
class TestWhatFailed:
    def test_is_said_until_it_is_mended(self, project: Project) -> None:
        good = project.data.read_text("utf-8")
        project.data.write_text('{"messages": 3}\n' + good, "utf-8")
        assert project.run(*project.workflow("--benchmark-only")).returncode == 2
        state, note = standing(project)
        assert state == "failed"
        assert "inspected_dataset failed (run " in note
        assert "tickets.jsonl:1: messages" in note
        assert note.endswith("correct that, then: fw-assets run tickets")
        store = Workspace(str(project.workspace))
        note_owner(store, Owner(name="shop", key_prefix=("shop",), platform="embedded"))
        other = standings(store, ["tickets"], driver=None)["tickets"]
        store.local(FILE).unlink()
        assert other.note.endswith("correct that, then: Re-execute, on the run's page in Dagster")
        listed = project.run("status")
        assert "failed" in listed.stdout
        assert json.loads(project.run("status", "tickets", "--json").stdout)["datasets"][0]["state"] == "failed"

        project.data.write_text(good, "utf-8")
        assert project.run(*project.workflow("--benchmark-only")).returncode == 0
        assert standing(project) == ("done", "its report is there")
        (found,) = json.loads(project.run("status", "--json").stdout)["datasets"]
        assert found["winner"] == "accounts/fireworks/models/char-ngram"
        assert 0 < found["accuracy"] <= 1
        assert "char-ngram, " in project.run("status").stdout

    def test_leaves_other_steps_running(self, project: Project) -> None:
        assert (
            project.run("plan", str(project.data), "--model", "char-ngram", "--model", "minilm-ngram").returncode == 0
        )
        assert project.approve("--driver", "daemon").returncode == 0
        store = Workspace(str(project.workspace))
        first, *others = due(store, "tickets", driver=None).steps
        assert others
        record_step_run(store, "tickets", ended(first.key, "failed", "the service is closed\nsecond line"))
        state, note = standing(project)
        assert state == "running"
        assert "base_metrics char-ngram failed (run 12345678): the service is closed" in note
        assert "second line" not in note


def ended(step: str, state: str, message: str = "", pid: int = 1) -> StepRun:
    return StepRun.model_validate(
        {
            "step": step,
            "run": "1234567890",
            "state": state,
            "message": message,
            "machine": this_machine(),
            "pid": pid,
            "at": time.time(),
        }
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (lambda key: ended(key, "cancelled"), "inspected_dataset was cancelled (run 12345678)"),
        (
            lambda key: ended(key, "begun", pid=NOBODY),
            f"inspected_dataset ended with its process, {NOBODY} (run 12345678)",
        ),
    ],
)
def test_what_was_stopped_is_said_and_can_be_started_again(
    project: Project, record: Callable[[str], StepRun], said: str
) -> None:
    store = registered(project)
    (step,) = due(store, "tickets", driver=None).steps
    record_step_run(store, "tickets", record(step.key))
    state, note = standing(project)
    assert (state, note.split("; ")[0]) == ("stopped", said)
    assert due(store, "tickets", driver=None).steps == (step,)


def test_what_is_at_work_is_running(project: Project) -> None:
    store = registered(project)
    (step,) = due(store, "tickets", driver=None).steps
    record_step_run(store, "tickets", ended(step.key, "begun", pid=os.getpid()))
    assert standing(project)[0] == "running"
    assert steps_at_work(store, "tickets") == ["inspected_dataset in run 12345678"]
    refused = project.run("forget", "tickets")
    assert refused.returncode == 2
    assert "being worked on (inspected_dataset in run 12345678)" in refused.stderr


def test_a_run_for_another_file_says_nothing_of_this_one(project: Project) -> None:
    store = registered(project)
    (step,) = due(store, "tickets", driver=None).steps
    record_step_run(store, "tickets", ended(f"{step.key}0", "failed", "of the file before"))
    assert standing(project) == ("stopped", LEFT)


def test_a_record_of_another_version_is_passed_over(project: Project) -> None:
    store = registered(project)
    (step,) = due(store, "tickets", driver=None).steps
    record_step_run(store, "tickets", ended(step.key, "failed"))
    (path,) = (project.workspace / "tickets" / "assets" / "step_run").iterdir()
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({"inputs": record["inputs"], "digest": "0", "value": {"other": 1}}), "utf-8")
    assert standing(project) == ("running", "to be inspected and planned")


def test_a_command_that_ended_between_two_steps_leaves_a_dataset_stopped(project: Project) -> None:
    store = registered(project)
    (step,) = due(store, "tickets", driver=None).steps
    forget_step_run(store, "tickets", step.key)
    with store.exclusive("tickets", "run"):
        assert standing(project) == ("running", "to be inspected and planned")
    assert standing(project) == ("stopped", LEFT)


@pytest.mark.usefixtures("watched")
def test_steps_that_nobody_has_begun_are_stopped_beside_one_that_failed(project: Project) -> None:
    assert project.run("plan", str(project.data), "--model", "char-ngram", "--model", "minilm-ngram").returncode == 0
    assert project.approve("--driver", "command-line").returncode == 0
    store = Workspace(str(project.workspace))
    state, note = standing(project)
    assert (state, note.split("; ")[1:]) == ("stopped", ["no command is at work on it", AGAIN])
    record_step_run(store, "tickets", ended(due(store, "tickets", driver=None).steps[0].key, "failed", "no disk"))
    state, note = standing(project)
    assert state == "failed"
    assert "base_metrics char-ngram failed (run 12345678): no disk; no command is at work on it" in note


def test_ctrl_c_leaves_a_dataset_stopped(project: Project) -> None:
    command = project.start(*project.workflow())
    store = Workspace(str(project.workspace))
    deadline = time.monotonic() + 120
    while not (store.exists("tickets") and steps_at_work(store, "tickets")):
        assert time.monotonic() < deadline
        assert command.poll() is None
        time.sleep(0.02)
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=120)
    state, note = standing(project)
    assert (state, steps_at_work(store, "tickets")) == ("stopped", []), note
    assert " was cancelled (run " in note


def registered(project: Project) -> Workspace:
    """The workspace with the dataset registered, and nothing done."""
    good = project.data.read_text("utf-8")
    project.data.write_text("not JSON\n", "utf-8")
    project.run("plan", str(project.data), "--model", "char-ngram")
    project.data.write_text(good, "utf-8")
    return Workspace(str(project.workspace))
