"""Interface of what carries out steps for the driver: processes in the product, the test's own process in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import Step


class WorkerPool(Protocol):
    """Workers of one command. Leaving the block by an exception interrupts those that are still at work."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def __len__(self) -> int:
        """How many steps are at work, or have ended without being waited for."""

    def submit(self, step: Step, config: Mapping[str, Any] | None) -> None:
        """Start a step, with its asset's configuration where it has one."""

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        """Wait until a step ends, for at most some seconds; returns the errors of those that have ended."""

    def join(self, step: Step) -> None:
        """Wait until this step has ended; errors of others are kept for `wait`.

        Raises:
            StepFailed: the step failed.
        """


PoolFactory = Callable[[str], WorkerPool]
"""Makes the workers for the workspace at a root."""
