"""`--json`: one object on standard output and nothing else, of every command, whatever comes of it."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any

import click
import pytest

from fw_assets.cli import main
from fw_assets_tests.project import Done, InProcessPool, Project

COMMANDS = sorted(main.commands)
UNKNOWN: dict[str, tuple[str, ...]] = {
    "run": ("nothing.csv", "--model", "char-ngram"),
    "plan": ("nothing.csv", "--model", "char-ngram"),
    "approve": ("nothing", "--digest", "0" * 12, "--driver", "command-line"),
    "deploy": ("nothing",),
    "export": ("nothing",),
    "status": ("nothing",),
    "forget": ("nothing",),
    "report": ("nothing",),
    "predict": ("nothing", "a text"),
    "compare": ("nothing", "nothing"),
}
"""A command for a dataset that there is not; the others name none."""
DONE: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "status": (("status",), {"datasets"}),
    "report": (("report", "tickets"), {"status", "candidates"}),
    "predict": (("predict", "tickets", "I was charged twice"), {"labels", "confidence", "model"}),
    "compare": (("compare", "tickets/tfidf", "tickets"), set()),
    "models": (("models",), {"models"}),
    "parse": (("parse", "Use a 70/30 train/test split."), {"session", "unused"}),
    "run": (("run", "tickets"), {"status", "candidates"}),
    "approve": (("approve", "tickets", "--reject"), {"dataset", "decision", "plan_digest", "driver"}),
    "plan": (("plan", "tickets"), {"digest", "estimate"}),
    "forget": (("forget", "tickets"), {"dataset", "kept", "jobs", "deployments"}),
}
"""Commands that come to an end, in an order in which each finds what it needs; and fields of their objects."""
SERVERS = {"mcp", "serve", "ui"}


def one_object(done: Done) -> dict[str, Any]:
    value = json.loads(done.stdout)
    assert isinstance(value, dict), done.stdout
    return value


def error_of(done: Done) -> dict[str, Any]:
    """The error of a command, whose fields are those that the documents name."""
    (key, error) = next(iter(one_object(done).items()))
    assert key == "error"
    assert set(error) == {"kind", "message", "exit_code", "advice"}
    assert error["exit_code"] == done.returncode != 0
    assert all(isinstance(error[name], str) and error[name] for name in ("kind", "message", "advice"))
    assert error["message"] in done.stderr.replace("Error: ", "")
    return dict(error)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"), rows=120)
    project.make_pool = InProcessPool
    done = project.run(*project.workflow("--benchmark-only", "--json"))
    assert done.returncode == 0, done.stderr
    assert "candidates" in one_object(done)
    return project


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_it(command: str) -> None:
    found = main.commands[command]
    several = list(found.commands.values()) if isinstance(found, click.Group) else []
    for one in [*several, *([] if command == "setup" else [found])]:  # `setup` alone shows what there is to get
        (option,) = [item for item in one.params if "--json" in item.opts]
        assert option.name == "as_json"
        assert "One JSON object on standard output" in (getattr(option, "help", "") or "")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_there_is_not_is_an_object(project: Project, command: str) -> None:
    for arguments in ((command, "--json", "--no-such-option"), (command, *("x",) * 9, "--json")):
        error = error_of(project.run(*arguments))
        assert (error["kind"], error["exit_code"]) == ("usage", 2)
        assert f"fw-assets {command} --help" in error["advice"]


def test_a_command_that_there_is_not_is_an_object(project: Project) -> None:
    error = error_of(project.run("plam", "--json"))
    assert "plam" in error["message"]
    plain = project.run("plan", "--no-such-option", "after", "--", "--json")
    assert (plain.returncode, plain.stdout) == (2, ""), "what comes after -- is no option"


@pytest.mark.parametrize("command", sorted(UNKNOWN))
def test_a_dataset_that_there_is_not_is_an_object(project: Project, command: str) -> None:
    error = error_of(project.run(command, *UNKNOWN[command], "--json"))
    assert "nothing" in error["message"]
    assert error["exit_code"] == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_a_workspace_that_cannot_be_is_an_object(project: Project, command: str) -> None:
    (project.folder / "file").write_text("")
    if not any("--workspace" in item.opts for item in main.commands[command].params):
        return
    arguments = UNKNOWN.get(command, ())
    if command in ("run", "plan"):
        arguments = (str(project.data), "--model", "char-ngram")
    done = project.run(command, *arguments, "--workspace", str(project.folder / "file"), "--json")
    assert done.returncode in (1, 2), done.stderr
    error_of(done)


def test_no_workspace_yet_is_no_error(project: Project) -> None:
    assert one_object(project.run("status", "--json")) == {"datasets": []}


def test_what_succeeds_is_an_object(finished: Project) -> None:
    assert {*DONE, *SERVERS, "deploy", "export", "setup"} == set(COMMANDS)
    missing = finished.run("setup", "llm", "--wheel", "no.whl", "--json")
    assert "no.whl" in error_of(missing)["message"] or "missing" in error_of(missing)["message"]
    # Nothing is deployed by a benchmark: an error of the phase.
    assert "nothing was deployed" in error_of(finished.run("deploy", "tickets", "--json"))["message"]
    assert "nothing was fine-tuned" in error_of(finished.run("export", "tickets", "--json"))["message"]
    card = one_object(finished.run("report", "tickets", "--card", "--json"))
    assert card["dataset"] == "tickets"
    for command, (arguments, fields) in DONE.items():
        done = finished.run(*arguments, "--json")
        assert done.returncode == 0, (command, done.stderr)
        assert fields <= set(one_object(done)), command


def test_a_plan_that_waits_is_an_object(project: Project) -> None:
    project.make_pool = InProcessPool
    done = project.run("run", str(project.data), "--model", "char-ngram", "--json")
    assert done.returncode == 3
    waiting = one_object(done)
    assert waiting["plan_digest"]
    refused = error_of(project.run("approve", "tickets", "--json"))
    assert waiting["plan_digest"] in refused["advice"]
    assert error_of(project.run("report", "tickets", "--json"))["exit_code"] == 1
    said = one_object(project.run("approve", "tickets", "--digest", waiting["plan_digest"], "--json"))
    assert (said["decision"], said["plan_digest"]) == ("approve", waiting["plan_digest"])


def test_a_server_says_where_it_is(project: Project) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.listen()
        for command in sorted(SERVERS):
            option = "--platform-port" if command == "ui" else "--port"
            done = project.run(command, option, str(port), "--json")
            assert done.returncode in (1, 2), done.stderr
            error_of(done)
    process = project.start("serve", "--port", str(port), "--json")
    assert process.stdout is not None
    shown = "".join(iter(process.stdout.readline, "}\n")) + "}"
    os.kill(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert rest == ""
    told = json.loads(shown)
    assert told["platform"] == f"http://127.0.0.1:{port}"
    assert told["reports"].startswith(told["platform"])
