"""Latency of answers: how long one takes, in the middle and among the slowest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fw_assets.classification.values import Frozen

_STEPS = 21


class Latency(Frozen):
    """Seconds from a request to its answer: the median and the 95th percentile of `requests`.

    `quantiles`: from the shortest to the longest, in steps of 5%; none in values of earlier versions.
    """

    requests: int
    p50: float
    p95: float
    quantiles: tuple[float, ...] = ()


def latency(seconds: Sequence[float]) -> Latency | None:
    """The latency of requests that took so long; None where there are none."""
    if not seconds:
        return None
    values = np.quantile(np.asarray(seconds), np.linspace(0, 1, _STEPS)).tolist()
    return Latency(requests=len(seconds), p50=values[10], p95=values[19], quantiles=tuple(values))


def mixed(first: Latency | None, then: Latency | None, share: float) -> Latency | None:
    """The latency where `share` of the requests takes the median of the first and then the other.

    None where one of the two is not known in steps.
    """
    if first is None or then is None or not (first.quantiles and then.quantiles):
        return None
    times = np.array([*first.quantiles, *(first.p50 + value for value in then.quantiles)])
    weights = np.repeat([(1 - share) / _STEPS, share / _STEPS], _STEPS)
    order = np.argsort(times, kind="stable")
    reached, last = np.cumsum(weights[order]), times.size - 1
    p50, p95 = (float(times[order[min(int(np.searchsorted(reached, part - 1e-9)), last)]]) for part in (0.5, 0.95))
    return Latency(requests=min(first.requests, then.requests), p50=p50, p95=p95)
