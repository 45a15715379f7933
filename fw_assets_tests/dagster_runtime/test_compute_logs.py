"""Compute logs: what a run prints is read where Dagster's own capture would have put it."""

from __future__ import annotations

import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

DAGSTER_YAML = """
telemetry: {{enabled: false}}
compute_logs:
  module: fw_assets.dagster_runtime.compute_logs
  class: CapturedLogs
  config: {{base_dir: "{home}/storage"}}
"""


@dg.asset
def talkative() -> None:
    print("to standard output")
    print("to standard error", file=sys.stderr)


def test_both_streams_of_a_run_are_kept_and_complete(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML.format(home=tmp_path), "utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run_id = dg.materialize([talkative], instance=instance).run_id
        key = [run_id, "compute_logs", _file_key(instance, run_id)]
        for manager in (instance.compute_log_manager, LocalComputeLogManager(str(tmp_path / "storage"))):
            logs = manager.get_log_data(key)
            assert b"to standard output\n" in (logs.stdout or b"")
            assert b"to standard error\n" in (logs.stderr or b"")
            assert manager.is_capture_complete(key)
    assert "to standard output" not in capfd.readouterr().out


def _file_key(instance: dg.DagsterInstance, run_id: str) -> str:
    (entry,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.LOGS_CAPTURED)
    assert entry.dagster_event is not None
    return str(entry.dagster_event.logs_captured_data.file_key)
