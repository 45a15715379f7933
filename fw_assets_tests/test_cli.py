"""No traceback for what a user can cause: one sentence, and with `--json` one object, with the same exit code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from fw_assets_tests.project import Project

DEEP_ROW = '{"messages":' + "[" * 100_000 + "\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, rows=40)


def refused(project: Project, *arguments: str) -> str:
    """The sentence of a command, and the same in its `--json` object."""
    done = project.run(*arguments, "--json")
    assert done.returncode in (1, 2), (done.returncode, done.stdout, done.stderr)
    sentence = done.stderr[done.stderr.index("fw-assets: ") :].removeprefix("fw-assets: ").rstrip("\n")
    error = json.loads(done.stdout)["error"]
    assert error["message"] == sentence
    assert error["kind"]
    return str(sentence)


def test_paths_that_cannot_be_used(project: Project) -> None:
    (project.folder / "loop.jsonl").symlink_to("loop.jsonl")
    (project.folder / "file").write_text("")
    (project.folder / "deep.jsonl").write_text(DEEP_ROW * 3)
    (project.folder / "deep.yaml").write_text("dataset: " + "[" * 5000)
    data = str(project.data)
    for arguments in (
        ("plan", "loop.jsonl", "--model", "char-ngram"),
        ("plan", f"{'a' * 5000}.jsonl", "--model", "char-ngram"),
        ("plan", "deep.jsonl", "--model", "char-ngram"),
        ("plan", "--session", "deep.yaml"),
        ("plan", data, "--model", "char-ngram", "--workspace", "file"),
        ("plan", data, "--model", "char-ngram", "--workspace", f"/tmp/{'a' * 5000}"),
        ("plan", data, "--model", "char-ngram", "--workspace", "/proc/nothing"),
        ("plan", "nothing://bucket/t.jsonl", "--model", "char-ngram"),
    ):
        assert refused(project, *arguments), arguments


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FIREWORKS_BASE_URL", "not a url"),
        ("FIREWORKS_BASE_URL", "http://[::1"),
        ("FIREWORKS_BASE_URL", "ftp://host"),
        ("FIREWORKS_API_KEY", "fw_secret\nX: y"),
        ("FIREWORKS_API_KEY", "fw_sécret"),
    ],
)
def test_settings_that_cannot_be_used(project: Project, variable: str, value: str) -> None:
    project.environment |= {"FW_PLATFORM": "fireworks", "FIREWORKS_API_KEY": "fw_key_0123456789", variable: value}
    told = refused(project, "models")
    assert variable in told
    assert "secret" not in told


def test_a_model_that_does_not_exist_leaves_the_dataset_as_it_was(project: Project) -> None:
    assert project.run("plan", str(project.data), "--model", "char-ngram").returncode == 0
    before = (project.workspace / "tickets" / "assets" / "registration.json").read_bytes()
    assert "nope" in refused(project, "plan", str(project.data), "--model", "nope")
    assert (project.workspace / "tickets" / "assets" / "registration.json").read_bytes() == before


def test_output_that_cannot_be_written(project: Project) -> None:
    arguments = ("parse", "train on ünï €")
    plain = project.environment | {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for environment, redirection in (
        (plain, ""),
        (project.environment, ">&-"),
        (project.environment, "2>&-"),
        (project.environment, "| true"),
        (project.environment, "> /dev/full"),
    ):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {redirection}', "sh", *project.command(*arguments)],
            cwd=project.folder,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr, (redirection, done.stderr)
        assert done.returncode == 0 or "full" in redirection, (redirection, done.stderr)


def test_a_closed_standard_input_is_an_empty_one(project: Project) -> None:
    arguments = ("run", str(project.data), "--model", "char-ngram")
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *project.command(*arguments)],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "waits for approval. Approve with: fw-assets run tickets --approve" in done.stderr
    assert done.returncode == 3


def test_a_disk_without_room_is_one_sentence_though_the_fork_server_meets_it_first(project: Project) -> None:
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 4 && "$@"', "sh", *project.command("plan", str(project.data), "--model", "char-ngram")],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith((f"fw-assets: {project.folder}", "fw-assets: the temporary files"))


def test_a_current_folder_that_is_gone_is_said(project: Project) -> None:
    gone = project.folder / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir ../gone && "$@"', "sh", *project.command("status")],
        cwd=gone,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "fw-assets: the current folder is gone: change to another, and run the command again\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_permissions(project: Project) -> None:
    project.data.chmod(0)
    assert refused(project, "plan", str(project.data), "--model", "char-ngram")
