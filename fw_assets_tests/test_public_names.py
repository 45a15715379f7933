from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fw_assets

PUBLIC = [
    "ApprovalGate",
    "ClassificationWorkflow",
    "DeploymentRecord",
    "FireworksError",
    "GateApproval",
    "InputError",
    "NotApproved",
    "PhaseError",
    "Plan",
    "Report",
    "ReportRecord",
    "StepFailed",
    "Workflow",
    "plan",
    "predictions",
    "workflow",
]
"""What is promised to users; a name that goes is a breaking change."""
PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_package_exports_what_is_promised_and_nothing_else() -> None:
    assert fw_assets.__all__ == PUBLIC
    for name in PUBLIC:
        assert inspect.getdoc(getattr(fw_assets, name)), name
    assert set(PUBLIC) <= set(dir(fw_assets))


def test_every_public_name_is_documented() -> None:
    described = set(re.findall(r"^\| `(\w+)", PAGE.read_text("utf-8"), re.MULTILINE)) - {"name"}
    assert described == set(PUBLIC)


def test_the_documented_members_are_there() -> None:
    for name, text in re.findall(r"^\| `(Workflow|Plan|Report)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE):
        for member in re.findall(r"`(\w+)(?:\(\w*\))?`", text):
            kind = getattr(fw_assets, name)
            assert hasattr(kind, member) or member in kind.__annotations__ or member in ("plan", "name"), (name, member)


def test_another_name_is_an_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        fw_assets.nothing_of_the_kind  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import fw_assets; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PAGE.parents[1], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith(("fw_assets", "pydantic", "dagster"))] == [
        "fw_assets"
    ]
