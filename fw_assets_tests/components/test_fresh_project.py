"""The component in a project that `create-dagster` makes: installed from a wheel, scaffolded, checked, run."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from fw_assets_tests.components.fresh_project import CREATOR, REPOSITORY, UV, FreshProject, build_wheel

ROWS = 60


@pytest.fixture(scope="session")
def package_index() -> None:
    """The package index, with the tool that makes projects."""
    asked = subprocess.run([UV, "tool", "run", CREATOR, "--version"], capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip(f"{CREATOR} cannot be had from the package index: {asked.stderr.strip()[-300:]}")


def documented_commands() -> list[list[str]]:
    """Those from a new project to the plan, as docs/components.md has them."""
    page = (REPOSITORY / "docs" / "components.md").read_text("utf-8")
    block = re.search(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert block is not None
    return [shlex.split(line) for line in block[1].splitlines()]


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("package_index")
def test_three_commands_lead_from_a_new_project_to_the_plan_and_two_instances_to_their_reports(tmp_path: Path) -> None:
    project = FreshProject(tmp_path, build_wheel(tmp_path))
    project.write_data(ROWS)
    install, scaffold, serve = documented_commands()
    project.run(*project.of_the_wheel(install))
    project.run(*scaffold)
    assert serve == ["dg", "dev"]

    project.add_reviews()
    assert "validated successfully" in project.run("dg", "check", "yaml")
    assert "successfully" in project.run("dg", "check", "defs")
    project.finish_both()
    assert project.report("tickets").read_text("utf-8").startswith("# `tickets`: did fine-tuning help?")
    assert project.report("reviews").read_text("utf-8").startswith("# `reviews`: how good are the base models?")
    assert "fw_assets_tests" not in project.run("python", "-c", "import fw_assets; print(fw_assets.__file__)")
