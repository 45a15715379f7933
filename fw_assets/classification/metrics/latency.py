"""Latency of answers: how long one takes, in the middle and among the slowest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fw_assets.classification.values import Frozen


class Latency(Frozen):
    """Seconds from a request to its answer: the median and the 95th percentile of `requests`."""

    requests: int
    p50: float
    p95: float


def latency(seconds: Sequence[float]) -> Latency | None:
    """The latency of requests that took so long; None where there are none."""
    if not seconds:
        return None
    p50, p95 = np.quantile(np.asarray(seconds), (0.5, 0.95))
    return Latency(requests=len(seconds), p50=float(p50), p95=float(p95))
