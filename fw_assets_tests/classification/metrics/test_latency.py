"""Latency, against order statistics by hand."""

from __future__ import annotations

from fw_assets.classification.metrics.latency import Latency, latency, mixed


def test_the_median_and_the_95th_percentile() -> None:
    assert latency([]) is None
    assert latency([0.2]) == Latency(requests=1, p50=0.2, p95=0.2, quantiles=(0.2,) * 21)
    found = latency([number / 100 for number in range(101)])
    assert found is not None
    assert (found.requests, round(found.p50, 9), round(found.p95, 9)) == (101, 0.5, 0.95)
    assert (found.quantiles[0], found.quantiles[-1]) == (0, 1)


def test_two_one_after_the_other_take_the_time_of_both_for_a_share_of_the_requests() -> None:
    quick, slow = latency([0.01] * 50), latency([1.0] * 30)
    shares = {share: mixed(quick, slow, share) for share in (0.0, 0.03, 0.2, 0.6, 1.0)}
    times = {share: (round(item.p50, 2), round(item.p95, 2)) for share, item in shares.items() if item}
    assert times == {0.0: (0.01, 0.01), 0.03: (0.01, 0.01), 0.2: (0.01, 1.01), 0.6: (1.01, 1.01), 1.0: (1.01, 1.01)}
    assert mixed(quick, Latency(requests=1, p50=1, p95=1), 0.5) is None
    assert mixed(None, slow, 0.5) is None
