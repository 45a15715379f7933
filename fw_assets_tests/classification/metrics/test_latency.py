"""Latency, against order statistics by hand."""

from __future__ import annotations

from fw_assets.classification.metrics.latency import Latency, latency


def test_the_median_and_the_95th_percentile() -> None:
    assert latency([]) is None
    assert latency([0.2]) == Latency(requests=1, p50=0.2, p95=0.2)
    found = latency([number / 100 for number in range(101)])
    assert found is not None
    assert (found.requests, round(found.p50, 9), round(found.p95, 9)) == (101, 0.5, 0.95)
