"""The sweep's first job shows what the platform asks before there are others."""

from __future__ import annotations

import json

import pytest

from fw_assets.exit_codes import INCOMPLETE
from fw_assets_tests.project import Project


@pytest.mark.usefixtures("watched")
def test_a_quote_above_what_is_held_ends_the_sweep_with_one_job(project: Project) -> None:
    home = project.workspace / ".platform"
    home.mkdir(parents=True)
    (home / "faults.json").write_text(json.dumps({"quote": 100_000.0}))
    done = project.run(*project.workflow())
    assert done.returncode == INCOMPLETE
    report = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    assert "the platform estimates $100000.0000 for this job" in report
    assert project.platform()["supervisedFineTuningJobs"] == 1
