"""What runs print, kept for the UI as Dagster keeps it, by the run's own process alone.

Dagster's also copies it to the terminal while it is written: four processes a run, two of them Python, that are a third
of the processor time of a small run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file, touch_file


class CapturedLogs(LocalComputeLogManager):
    """A compute log manager that captures what a run prints without processes of its own.

    `compute_logs: {module: fw_assets.dagster_runtime.compute_logs, class: CapturedLogs}` in `dagster.yaml`.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> CapturedLogs:
        """As `dagster.yaml` configures it."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Both streams into their files, until the block ends."""
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])
            for kind in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        for path in (out, err):
            ensure_file(path)
        with redirect_to_file(sys.stdout, out), redirect_to_file(sys.stderr, err):
            yield CapturedLogContext(log_key)
        # By this file readers know that the capture is complete.
        touch_file(self.complete_artifact_path(log_key))  # type: ignore[no-untyped-call]
