"""Threshold by cost: the answers above it cost no more than asked for, on the rows it was found on and on others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.metrics.cost_threshold import cost_at, cost_threshold
from fw_assets.classification.metrics.expected_cost import Costs, row_costs
from fw_assets_tests.classification.prediction_frames import costed_frame

LABELS = ("ham", "spam")
COSTS: Costs = {"spam": {"ham": 5}}
AS_IT_IS = Calibration(temperature=1.0, shift=0.0, rows=1, loss_before=0.0, loss_after=0.0)


def confident(generator: np.random.Generator, number: int) -> tuple[list[str], list[str | None], list[float | None]]:
    """Half spam; answers that are right as often as their confidence says."""
    gold = ["spam" if row % 2 else "ham" for row in range(number)]
    confidence: NDArray[np.float64] = generator.uniform(0.5, 1.0, number)
    right = generator.random(number) < confidence
    given: list[str | None] = [
        label if hit else ("ham" if label == "spam" else "spam") for label, hit in zip(gold, right, strict=True)
    ]
    return gold, given, [float(value) for value in confidence]


def test_the_threshold_keeps_the_cost_below_the_limit() -> None:
    rows = row_costs(costed_frame(*confident(np.random.default_rng(3), 2000)), LABELS, COSTS)
    strict, loose = (cost_threshold(rows, AS_IT_IS, limit) for limit in (0.3, 0.6))
    assert strict.reached
    assert loose.reached
    assert strict.threshold > loose.threshold
    assert strict.coverage < loose.coverage
    assert strict.cost.high <= 0.3
    fresh = row_costs(costed_frame(*confident(np.random.default_rng(4), 2000)), LABELS, COSTS)
    found = cost_at(fresh, AS_IT_IS, strict.threshold)
    assert found is not None
    assert found.low <= 0.3


def test_a_limit_that_no_confidence_keeps_is_not_reached() -> None:
    rows = row_costs(costed_frame(*confident(np.random.default_rng(3), 60)), LABELS, COSTS)
    assert not cost_threshold(rows, AS_IT_IS, 0.01).reached
    unknown = row_costs(costed_frame(["ham"] * 5, ["ham"] * 5), LABELS, COSTS)
    assert not cost_threshold(unknown, AS_IT_IS, 0.9).reached
    assert cost_at(unknown, AS_IT_IS, 0.5) is None
