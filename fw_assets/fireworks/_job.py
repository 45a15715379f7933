"""Jobs of any kind: how far they are, how they end, and waiting until they do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ._clock import Clock
from ._errors import JobFailed
from ._poll import poll
from ._states import JobState
from ._values import Resource, Value


class JobProgress(Value):
    """How far a job is; `percent` from 0 to 100, `epoch` from 0."""

    percent: float = 0
    epoch: float = 0
    total_input_requests: int = 0
    total_processed_requests: int = 0
    successfully_processed_requests: int = 0
    failed_requests: int = 0
    output_rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_token_count: int = 0


class Job(Resource):
    """A job. Only `state` proves completion; one that this client does not know is not an end."""

    state: JobState = "UNSPECIFIED"
    job_progress: JobProgress = JobProgress()

    @property
    def succeeded(self) -> bool:
        """Whether its result is there, whole."""
        return self.state == "COMPLETED"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.succeeded or self.state in _ENDED


_ENDED = (
    "FAILED",
    "FAILED_CLEANING_UP",
    "CANCELLED",
    "EXPIRED",
    "EXPIRED_CLEANING_UP",
    "DELETING",
    "DELETING_CLEANING_UP",
)

J = TypeVar("J", bound=Job)


async def wait_succeeded(
    what: str,
    look: Callable[[], Awaitable[J]],
    *,
    clock: Clock,
    every: float,
    ceiling: float,
    stall: float | None,
    on_progress: Callable[[J], Any] | None,
) -> J:
    """The job once it has succeeded; `stall`: how long its state and progress may stay the same.

    Raises:
        JobFailed: it ended otherwise.
        WaitTimeout: `ceiling` seconds have passed; `Stalled`: `stall` seconds without progress. It goes on.
    """
    job = await poll(
        what,
        look,
        lambda job: job.finished,
        clock=clock,
        every=every,
        ceiling=ceiling,
        show=lambda job: f"{job.state} {job.job_progress.percent:.0f} %",
        on_progress=on_progress,
        stall=stall,
        progress=lambda job: (job.state, job.job_progress),
    )
    if not job.succeeded:
        raise JobFailed(job.name, job.state, job.status.message)
    return job
