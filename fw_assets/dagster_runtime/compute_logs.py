"""Compute log manager that captures what runs print without processes of its own.

Dagster's own also copies it to the terminal while it is written: four processes per run, two of them Python, which take
a third of the processor time of a small run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

# Redirects file descriptors, so that what libraries and child processes print is captured as well.
from dagster._core.execution.compute_logs import redirect_to_file

# The manager that this one differs from in one method, so that the UI finds every file where it expects it.
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager

# The signature of every class that `dagster.yaml` can name.
from dagster._serdes import ConfigurableClassData

# As Dagster makes the same files.
from dagster._utils import ensure_file, touch_file


class CapturedLogs(LocalComputeLogManager):
    """`compute_logs: {module: fw_assets.dagster_runtime.compute_logs, class: CapturedLogs}` in `dagster.yaml`.

    Without `base_dir` the files are where Dagster's own manager has them, in the instance's storage, wherever that is
    moved to.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"base_dir": dg.Field(dg.StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> CapturedLogs:
        return cls(inst_data=inst_data, **{"base_dir": "", **config_value})

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        super().register_instance(instance)
        if not self._base_dir:
            self._base_dir = str(Path(instance.storage_directory()))

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Write both streams to their files until the block ends."""
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[stream])
            for stream in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        for path in (out, err):
            ensure_file(path)
        with redirect_to_file(sys.stdout, out), redirect_to_file(sys.stderr, err):
            yield CapturedLogContext(log_key)
        # The file tells readers that the capture is complete.
        touch_file(self.complete_artifact_path(log_key))  # type: ignore[no-untyped-call]
