"""The whole workflow as a user runs it: once, again, killed in every phase, and stopped where it should stop."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from fw_assets_tests.pipeline.selection import no_test_row_was_read
from fw_assets_tests.project import Project

# What one clean run of one model with a grid of four cells makes: the training and the validation rows; a job and
# its model per cell (the sweep already trains on all rows of so small a dataset); one deployment.
MADE = {"datasets": 2, "supervisedFineTuningJobs": 4, "models": 4, "deployments": 1}


def made(project: Project) -> dict[str, int]:
    found = project.platform()
    return {kind: found[kind] for kind in MADE}


@pytest.fixture
def opened(watched: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are opened."""
    seen: list[str] = []
    open_path = Path.open

    def spied(self: Path, *arguments: Any, **named: Any) -> Any:
        seen.append(str(self))
        return open_path(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", spied)
    return seen


@pytest.fixture
def sent(watched: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that the platform is sent, `METHOD path` each."""
    seen: list[str] = []
    send = httpx.ASGITransport.handle_async_request

    async def spied(self: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        return await send(self, request)

    monkeypatch.setattr(httpx.ASGITransport, "handle_async_request", spied)
    return seen


def test_a_run_and_the_same_run_again(project: Project, opened: list[str], sent: list[str]) -> None:
    first = project.run(*project.workflow("--deploy", "always", "--json"))
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert report == project.report()
    assert (report["version"], report["status"]) == (2, "complete")
    assert sum(report["rows"].values()) == 160
    (candidate,) = report["candidates"]
    assert candidate["model"] == "accounts/fireworks/models/char-ngram"
    assert sum(candidate["base"]["outcomes"].values()) == report["rows"]["test"]
    assert set(candidate["base"]["per_label"]) == {"billing", "technical", "account", "sales"}
    assert candidate["comparison"]["verdict"] in ("better", "worse", "as good", "cannot be told")
    assert candidate["tuned"]["accuracy"] > candidate["base"]["accuracy"]
    assert report["winner"]["kind"] == "tuned"
    assert report["deployment"]["decision"] == "deployed"
    assert report["cost"]["actual_usd"] == 0
    assert made(project) == MADE
    assert [item["name"] for item in report["baselines"]] == ["tfidf", "majority"]
    no_test_row_was_read(project.workspace, "tickets", project.folder / "changed")
    before = project.platform()
    assert str(project.data) in opened
    assert sum(request.endswith(":upload") for request in sent) == MADE["datasets"]

    (project.workspace / "tickets" / "predictions" / "char-ngram-base-test.parquet").unlink()
    again = project.run(*project.workflow("--deploy", "always", "--json"))
    assert again.returncode == 0, again.stderr
    assert (project.workspace / "tickets" / "predictions" / "char-ngram-base-test.parquet").exists()
    assert made(project) == MADE

    opened.clear()
    sent.clear()
    second = project.run(*project.workflow("--deploy", "always", "--json"))
    assert second.returncode == 0
    assert json.loads(second.stdout) == report
    assert project.platform() == before, "nothing is created and nothing is asked a second time"
    assert str(project.data) not in opened, "unchanged data is not read a second time"
    assert [request for request in sent if not request.startswith("GET ")] == []

    answer = project.run("predict", "tickets", "I forgot my password and cannot log in", "--json")
    assert json.loads(answer.stdout)["labels"][0] in report["labels"]
    sent.clear()
    free = json.loads(project.run("predict", "tickets", "--free", "I forgot my password", "--json").stdout)
    assert free["labels"][0] in report["labels"]
    assert free["model"].startswith("TF-IDF")
    assert sent == [], "the free model asks nobody"
    card = (project.workspace / "tickets" / "model_card.md").read_text("utf-8")
    assert yaml.safe_load(card.split("---\n")[1])["datasets"] == ["tickets"]
    assert project.run("report", "tickets", "--card").stdout.strip() == card.strip()
    status = json.loads(project.run("status", "--json").stdout)["datasets"]
    assert [(entry["dataset"], entry["state"]) for entry in status] == [("tickets", "done")]


MOMENTS = (
    "inspected_dataset",
    "base_metrics char-ngram",
    "char-ngram base, validation rows",
    "sweep, fine_tuned_models",
    "char-ngram sweep",
    "char-ngram tuned, validation rows",
    "deployment, report",
)


def test_killed_in_every_phase_it_finishes_and_pays_nothing_twice(project: Project) -> None:
    for moment in MOMENTS:
        process = project.start(*project.workflow("--deploy", "always"))
        assert process.stderr is not None
        seen = any(moment in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert seen, f"the run ended before {moment}"
        assert process.returncode == -signal.SIGKILL
    again = project.run(*project.workflow("--deploy", "always"))
    assert again.returncode == 0, again.stderr
    assert made(project) == MADE
    assert project.report()["status"] == "complete"


def test_benchmark_only_trains_nothing(project: Project) -> None:
    done = project.run(*project.workflow("--benchmark-only", "--json"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["status"], report["candidates"][0]["tuned"]) == ("benchmark", None)
    assert made(project) == dict.fromkeys(MADE, 0)


def test_without_approval_it_stops_at_the_plan(project: Project) -> None:
    waiting = project.run("run", str(project.data), "--model", "char-ngram")
    assert waiting.returncode == 3
    assert "waits for approval" in waiting.stderr
    assert project.platform()["inference_requests"] == 0
    plan = (project.workspace / "tickets" / "plan.md").read_text("utf-8")
    assert "Nothing has been started" in plan

    unnamed = project.run("approve", "tickets")
    assert unnamed.returncode == 2
    assert "then: fw-assets approve tickets --digest " in unnamed.stderr
    wrong = project.run("approve", "tickets", "--digest", "000000000000")
    assert wrong.returncode == 2
    assert "look at plan.md again" in wrong.stderr
    nobody = project.approve("--by", " ")
    assert (nobody.returncode, "say who answers" in nobody.stderr) == (2, True)

    rejected = project.run("approve", "tickets", "--reject", "--by", "ann", "--note", "too early")
    assert rejected.returncode == 0
    assert project.run("run", "tickets").returncode == 3
    assert "rejected by ann" in project.run("status", "tickets").stdout
    assert project.platform()["inference_requests"] == 0

    approved = project.approve("--by", "bob")
    assert approved.returncode == 0, approved.stderr
    done = project.run("run", "tickets")
    assert done.returncode == 0, done.stderr
    assert project.report()["run"]["approved_by"] == "bob"
    trail = (project.workspace / "tickets" / "approvals.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["approved_by"] for line in trail] == ["ann", "bob"]


def test_changed_data_needs_a_new_answer(project: Project) -> None:
    assert project.run(*project.workflow("--benchmark-only")).returncode == 0
    lines = project.data.read_text("utf-8").splitlines(keepends=True)
    project.data.write_text("".join(lines[:-5]), "utf-8")
    again = project.run("run", str(project.data), "--model", "char-ngram", "--benchmark-only")
    assert again.returncode == 3


GOOD = '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"a"}]}\n'


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ('{"messages":[{"role":"user","content":"b"},{"role":"assist', ":3: "),
        ('{"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]}', ":3: messages[0].role"),
        ('{"prompt":"b","completion":"a"}', ":3: messages: is missing"),
        (
            '{"messages":[{"role":"user","content":"b"},{"role":"assistant","content":"other"}]}',
            ":3: messages[1].content",
        ),
    ],
    ids=["cut-off", "role-order", "no-messages", "unknown-label"],
)
def test_a_malformed_file_is_one_clear_error_that_leaves_the_platform_untouched(
    project: Project, tmp_path: Path, bad: str, said: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(GOOD + GOOD.replace('"a"', '"b"').replace("hi", "ho") + bad + "\n", "utf-8")
    done = project.run("run", str(path), "--model", "char-ngram", "--label", "a", "--label", "b", "--approve", "--yes")
    assert done.returncode == 2
    assert f"bad.jsonl{said}" in done.stderr
    assert done.stdout == ""
    assert not any(project.platform().values())


def test_what_is_missing_is_answered_with_the_choices(project: Project) -> None:
    done = project.run("run", "--yes")
    assert done.returncode == 2
    assert "char-ngram" in done.stderr
    unknown = project.run("run", str(project.data), "--model", "gpt-99", "--yes")
    assert unknown.returncode == 2
    assert "nearest that can be used" in unknown.stderr
