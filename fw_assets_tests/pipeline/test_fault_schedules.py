"""Under kills, takeovers, lost answers and full disks: nothing twice, no dollar unaccounted for, no ceiling passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets_tests.fault_schedules import SCHEDULES
from fw_assets_tests.pipeline.fault_schedules.schedule import run_schedule
from fw_assets_tests.pipeline.fault_schedules.template import HOUR_USD, Template, make_template

BLOCKS = 10


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Template]:
    """With deployments that cost nothing, and that are paid by the hour."""
    folder = tmp_path_factory.mktemp("templates")
    return [make_template(folder / f"{usd:g}", hour_usd=usd) for usd in (0.0, HOUR_USD)]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_run_survives_any_schedule(templates: list[Template], tmp_path: Path, block: int) -> None:
    outcomes = [
        run_schedule(seed, templates[seed // BLOCKS % 2], tmp_path / str(seed))
        for seed in range(block, SCHEDULES, BLOCKS)
    ]
    assert [outcome for outcome in outcomes if outcome.broken] == []


def test_a_schedule_is_the_same_each_time(templates: list[Template], tmp_path: Path) -> None:
    one, other = (run_schedule(7, templates[0], tmp_path / name) for name in ("one", "other"))
    assert one == other
    assert one.happened
