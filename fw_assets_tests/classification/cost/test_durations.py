from __future__ import annotations

import pytest

from fw_assets.classification.cost.durations import EMBEDDED_TIMING, FIREWORKS_TIMING, Timing


@pytest.mark.parametrize("timing", [FIREWORKS_TIMING, EMBEDDED_TIMING])
@pytest.mark.parametrize("requests", [1, 20, 200])
def test_few_requests_on_a_deployment_have_minutes_beside_its_window(timing: Timing, requests: int) -> None:
    window = timing.idle_minutes.expected
    assert timing.inference_minutes(requests).high + timing.idle_minutes.high - window >= 5
    assert timing.idle_minutes.low == window, "the slack is in the high figure alone"
