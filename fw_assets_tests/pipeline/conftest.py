"""Fixtures of the pipeline's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.scenario import Scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(Workspace(str(tmp_path)))
