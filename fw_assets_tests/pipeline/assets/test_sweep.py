"""What the platform asks for a job is known before there is one, or before there are others."""

from __future__ import annotations

import json

import pytest

from fw_assets.exit_codes import INCOMPLETE
from fw_assets_tests.project import Project


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("lacks", "jobs", "sentence"),
    [
        ("", 0, "was not started: the platform estimates $100000.0000 for it"),
        (":estimateCost", 1, "the platform estimates $100000.0000 for this job"),
    ],
    ids=["estimates jobs", "only shows the estimate of a job that exists"],
)
def test_an_estimate_above_what_is_held_ends_the_sweep(project: Project, lacks: str, jobs: int, sentence: str) -> None:
    home = project.workspace / ".platform"
    home.mkdir(parents=True)
    (home / "faults.json").write_text(json.dumps({"quote": 100_000.0, "lacks": lacks or "nothing"}))
    done = project.run(*project.workflow())
    assert done.returncode == INCOMPLETE
    assert ("the platform gives no estimate of a job before it starts" in done.stderr) == bool(lacks)
    report = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert sentence in report
    assert project.platform()["supervisedFineTuningJobs"] == jobs
