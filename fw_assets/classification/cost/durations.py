"""Durations of jobs, deployments and requests: wall-clock assumptions, each with its source."""

from __future__ import annotations

from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.values import Frozen


class Timing(Frozen):
    """Durations on one platform; `concurrency` is the number of requests in flight."""

    job_start_minutes: Range
    step_seconds: Range
    rows_per_step: int
    deploy_minutes: Range
    idle_minutes: Range
    """Time for which a deployment is billed after its last request, until it has scaled to zero."""
    request_seconds: Range
    concurrency: int
    source: str

    def training_minutes(self, rows: int, epochs: int, batch_size: int | None = None) -> Range:
        """Minutes of one job, including its wait in the queue."""
        steps = -(-rows // (batch_size or self.rows_per_step)) * epochs
        return self.job_start_minutes + self.step_seconds.times(steps / 60)

    def inference_minutes(self, requests: int) -> Range:
        """Minutes of all requests, `concurrency` of them at a time."""
        return self.request_seconds.times(requests / self.concurrency / 60)


FIREWORKS_TIMING = Timing(
    job_start_minutes=Range(low=3, expected=7, high=20),
    step_seconds=Range(low=1.5, expected=3, high=8),
    rows_per_step=32,
    deploy_minutes=Range(low=3, expected=5, high=10),
    idle_minutes=Range(low=5, expected=5, high=10),
    request_seconds=Range(low=0.2, expected=0.5, high=2),
    concurrency=16,
    source="published runs: 57 steps in 9 minutes, deployments ready in 4 to 5.5 minutes, 0.24 s an answer",
)
EMBEDDED_TIMING = Timing(
    job_start_minutes=Range(low=0.01, expected=0.05, high=0.5),
    step_seconds=Range(low=0.0005, expected=0.002, high=0.02),
    rows_per_step=64,
    deploy_minutes=Range(low=0.001, expected=0.01, high=0.1),
    # The high figure has the minutes by which other programs on the same machine may delay the answers.
    idle_minutes=Range(low=5, expected=5, high=10),
    request_seconds=Range(low=0.02, expected=0.08, high=0.5),
    concurrency=16,
    source="the embedded models on two cores: 10,000 rows of ten epochs in 0.5 to 10 seconds, 200 answers a second, "
    "five minutes until a deployment has scaled to zero, and as many on a busy machine",
)
