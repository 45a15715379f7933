"""Commands that messages, plans, reports and alerts name: each is run as it is printed, in a shell of its own."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import fw_assets
from fw_assets.exit_codes import BAD_INPUT, DONE, WAITING
from fw_assets.pipeline.automation.alert_events import plans_that_wait
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.settings import SHELL_WORKSPACE, in_workspace
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Done, Project

PACKAGE = Path(fw_assets.__file__).parent


class Shell:
    """A user's shell in a folder, whose `fw-assets` is this program.

    The shell starts one that only notes its arguments, and the command runs with them in this process, which has loaded
    what each process of its own would have to load.
    """

    def __init__(self, project: Project) -> None:
        self.folder = project.folder
        self._project = project
        self._noted = self.folder / "arguments"
        program = self.folder / "bin" / "fw-assets"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >> {shlex.quote(str(self._noted))}\n")
        program.chmod(0o755)
        self._path = os.pathsep.join([str(program.parent), os.environ["PATH"]])

    def run(self, line: str, **variables: str) -> Done:
        """A line with one command of `fw-assets`, which sees these variables and none other of this program's."""
        environment = {key: value for key, value in self._project.environment.items() if key != "FW_WORKSPACE"}
        self._project.environment = environment | variables
        self._noted.unlink(missing_ok=True)
        subprocess.run(["sh", "-c", line], cwd=self.folder, env={**environment, "PATH": self._path}, check=True)
        *arguments, end = self._noted.read_text("utf-8").split("\0")
        assert not end
        return self._project.run(*arguments)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(Project(tmp_path, rows=80))


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, text
    return match[1]


def test_what_is_printed_works_on_the_workspace_of_the_option(shell: Shell) -> None:
    place = "--workspace 'my work [1]'"
    empty = shell.run(f"fw-assets status {place}")
    start = found(r"Start with: (.*)$", empty.stdout)
    start = start.replace("FILE", "tickets.jsonl").replace("MODEL", "char-ngram")
    waits = shell.run(f"{start} --benchmark-only")
    assert waits.returncode == WAITING, waits.stderr
    approve_and_run = found(r"Approve with: (.*), or in the Dagster UI", waits.stderr)
    planned = shell.run(f"fw-assets plan tickets.jsonl --model char-ngram --benchmark-only {place}")
    assert found(r"To go on: (.*)$", planned.stderr) == approve_and_run

    unnamed = shell.run(f"fw-assets approve tickets {place}")
    assert unnamed.returncode == BAD_INPUT
    approved = shell.run(found(r"then: (.*)$", unnamed.stderr))
    assert approved.returncode == DONE, approved.stderr
    done = shell.run(found(r"go on with: (.*)$", approved.stderr))
    assert done.returncode == DONE, done.stderr
    assert shell.run(approve_and_run).returncode == DONE

    workspace = shell.folder / "my work [1]"
    plan = (workspace / "tickets" / "plan.md").read_text("utf-8")
    assert shell.run(found(r"How to say yes\? \| `(.*)` \|", plan)).returncode == DONE
    (ask, *_) = json.loads((workspace / "tickets" / "report.json").read_text("utf-8"))["snippets"]["commands"]
    assert shell.run(ask).stdout.strip() in ("account", "billing", "sales", "technical")
    usage = shell.run(f"fw-assets predict tickets {place} --json")
    advice = json.loads(usage.stdout)["error"]["advice"]
    labelled = shell.run(found(r"One text: (.*?)\. ", advice).replace("TEXT", "'I was charged twice'"))
    assert labelled.returncode == DONE, labelled.stderr
    assert not (shell.folder / "workspace").exists(), "that of the shell itself"


def test_an_alert_names_the_workspace_wherever_it_is_read(shell: Shell) -> None:
    workspace = shell.folder / "my work"
    planned = shell.run("fw-assets plan tickets.jsonl --model char-ngram --benchmark-only", FW_WORKSPACE=str(workspace))
    assert found(r"To go on: (.*)$", planned.stderr) == "fw-assets run tickets --approve", "this shell has it already"
    (tell,) = plans_that_wait(Workspace(str(workspace))).values()
    done = shell.run(found(r": `(.*)`, or the asset", tell().text))
    assert done.returncode == DONE, done.stderr


@pytest.mark.parametrize(
    ("named", "other", "words"),
    [
        ("work", "work", "fw-assets run t"),
        ("work", "./work", "fw-assets run t"),
        ("", "workspace", "fw-assets run t"),
        ("", "my work", "fw-assets run t --workspace 'HERE/my work'"),
        ("work", "workspace", "fw-assets run t --workspace HERE/workspace"),
        ("work", "it's", "fw-assets run t --workspace 'HERE/it'\"'\"'s'"),
        ("s3://a/b", "s3://a/b", "fw-assets run t"),
        ("work", "s3://a/b", "fw-assets run t --workspace s3://a/b"),
    ],
)
def test_the_workspace_is_named_where_the_shell_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, other: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SHELL_WORKSPACE, raising=False)
    monkeypatch.setenv("FW_WORKSPACE", named)
    root = other if "://" in other else str((tmp_path / other).resolve())
    with in_workspace(root):
        said = command(Workspace(root), "run", "t")
        assert command(Workspace(root), "run", "t", anywhere=True).count("--workspace") == 1
        with in_workspace(str(tmp_path / "third")):
            assert command(Workspace(root), "run", "t") == said, "the shell is the same"
    assert said == words.replace("HERE", str(tmp_path))
    assert "--workspace" in command(Workspace(root), "run", "t"), "nobody knows the shell"


def test_no_other_module_composes_commands() -> None:
    allowed = {"commands/language_models.py": "adds a model for all workspaces, and knows of no dataset"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            texts = [str(part.value) for part in parts[:-1] if isinstance(part, ast.Constant)]
            if any(re.search(r"fw-assets (?!models|setup)[a-z][\w -]*$", text) for text in texts):
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == allowed.keys()
