"""Dagster's own files, damaged: one sentence that names the file, or they are made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from fw_assets.pipeline.errors.phase import InstanceFault
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.instance_faults import readable_instance_faults
from fw_assets_tests.project import Project


@pytest.fixture
def dagster(here: Project) -> Path:
    with open_instance(str(here.workspace)) as instance:
        instance.add_dynamic_partitions("datasets", ["a"])
        assert instance.get_runs() == []
    return here.workspace / ".dagster"


def use(root: Path) -> None:
    with readable_instance_faults(str(root)), open_instance(str(root)) as instance:
        instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        instance.add_dynamic_partitions("datasets", ["b"])


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db"])
@pytest.mark.parametrize("content", [b"no database" * 1000, bytes(20_000), None])
def test_a_damaged_database_is_named(dagster: Path, name: str, content: bytes | None) -> None:
    for path in dagster.glob(f"{name}-*"):
        path.unlink()
    if content is None:
        (dagster / name).unlink()
        (dagster / name).mkdir()
    else:
        (dagster / name).write_bytes(content)
    with pytest.raises(InstanceFault, match=f"{dagster / name}: .* move {Path(name).name} away") as caught:
        use(dagster.parent)
    assert len(str(caught.value).splitlines()) == 1
    path = dagster / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    use(dagster.parent)


def test_a_full_disk_names_the_folder(dagster: Path) -> None:
    with (
        pytest.raises(InstanceFault, match=f"{dagster}: .* cannot be written .* free some space"),
        readable_instance_faults(str(dagster.parent)),
    ):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.mark.parametrize("content", [b"\0" * 40, b"telemetry: [unclosed", b"\xff\xfe\xfd", b"unknown_block: 1"])
def test_a_damaged_configuration_is_named(dagster: Path, content: bytes) -> None:
    (dagster / "dagster.yaml").write_bytes(content)
    with pytest.raises(InstanceFault, match=r"dagster\.yaml is no configuration of Dagster"):
        use(dagster.parent)
