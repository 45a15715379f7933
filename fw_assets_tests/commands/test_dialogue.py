"""Dialogue at a terminal, which is a real one: what can be read in two ways is asked about once."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from fw_assets.classification.errors import Question, Reading
from fw_assets.commands.dialogue import Dialogue, option
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets_tests.project import Done, Project
from fw_assets_tests.terminal import is_readable

NUMBER = "Its number [none]:"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, rows=1)
    rows = [f"message {n} came {n * n} days late,{'ab'[n % 2]}illing,{'xyz'[n % 3]}" for n in range(90)]
    (project.folder / "two.csv").write_text("\n".join(["text,topic,queue", *rows]) + "\n")
    return project


def at_terminal(project: Project, arguments: Iterable[str], replies: Iterable[tuple[str, str]]) -> Done:
    """A command whose standard input and errors are a terminal, where each reply follows what it answers."""
    ours, theirs = pty.openpty()
    waiting = list(replies)
    shown = ""
    try:
        with subprocess.Popen(
            project.command(*arguments),
            cwd=project.folder,
            env={**project.environment, "COLUMNS": "200", "TERM": "dumb"},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            while True:
                ready = is_readable(ours, 0.2)
                try:
                    text = os.read(ours, 65536) if ready else b""
                except OSError:  # the terminal's other end is closed
                    break
                if ready and not text:
                    break
                shown += text.decode(errors="replace")
                if waiting and waiting[0][0] in shown:
                    _, reply = waiting.pop(0)
                    os.write(ours, f"{reply}\n".encode())
            output = process.stdout.read().decode() if process.stdout else ""
    finally:
        os.close(ours)
    return Done(process.returncode, output, " ".join(re.sub(r"\x1b\[[\d;?]*\w", "", shown).split()))


def test_the_answer_is_remembered(project: Project) -> None:
    command = ("plan", "two.csv", "--model", "char-ngram")
    none = at_terminal(project, command, [(NUMBER, "")])
    assert none.returncode == 2
    assert "1 `topic` (2 values, such as 'ailling', 'billing') 2 `queue` (3 values" in none.stderr
    assert "Choose one: --label-column topic, or --label-column queue" in none.stderr

    chosen = at_terminal(project, command, [(NUMBER, "2")])
    assert chosen.returncode == 0, chosen.stderr
    assert "The same without the question: --label-column queue" in chosen.stderr

    again = at_terminal(project, command, [])
    assert again.returncode == 0, again.stderr
    assert "As answered before: --label-column queue" in again.stderr
    assert NUMBER not in again.stderr

    other = project.run(*command, "--label-column", "topic", "--json")
    assert json.loads(other.stdout)["label_set"]["labels"] == ["ailling", "billing"]


def test_where_nobody_answers_both_readings_are_named(project: Project) -> None:
    done = project.run("run", "two.csv", "--model", "char-ngram")
    assert done.returncode == 2
    assert "Choose one: --label-column topic, or --label-column queue" in done.stderr
    assert NUMBER not in done.stderr


def test_yes_asks_nothing_at_a_terminal(project: Project) -> None:
    done = at_terminal(project, ("run", "two.csv", "--model", "char-ngram", "--yes"), [])
    assert done.returncode == 2
    assert "Choose one: --label-column topic" in done.stderr
    assert NUMBER not in done.stderr


def test_the_same_question_is_not_put_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question("two readings", (Reading("one", "sheet", "one"), Reading("two", "sheet", "two")))
    dialogue = Dialogue(is_open=True, answers={"sheet": "one"})
    monkeypatch.setattr("click.prompt", lambda *_, **__: "1")

    def fails() -> None:
        raise StepFailed("failed", 2, question=question)

    with pytest.raises(StepFailed):
        dialogue.until_clear(fails)


def test_options_are_what_a_shell_takes() -> None:
    assert option("text_template", "{a} {b}") == "--text-template '{a} {b}'"
    assert option("label_flags", ("*",)) == "--label-flag '*'"
    assert option("labels", ("a", "b c")) == "--label a --label 'b c'"
