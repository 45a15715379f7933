"""Confidence of distributions, by its limits and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded.decisions.confidence import choice_confidence, score_confidence

WEIGHTS = st.lists(st.floats(0.001, 1), min_size=2, max_size=20)


@given(WEIGHTS)
def test_both_are_shares(weights: list[float]) -> None:
    distribution = [weight / sum(weights) for weight in weights]
    assert 0 <= choice_confidence(distribution) <= 1
    assert 0 <= score_confidence(distribution) <= 1


@pytest.mark.parametrize("count", [2, 3, 10])
def test_certainty_is_one_and_chance_none(count: int) -> None:
    certain = [1.0] + [0.0] * (count - 1)
    assert choice_confidence(certain) == score_confidence(certain) == 1
    assert choice_confidence([1 / count] * count) == pytest.approx(0)
    assert score_confidence([1 / count] * count) == pytest.approx(0)


def test_by_hand() -> None:
    assert choice_confidence([0.7, 0.2, 0.1]) == pytest.approx((0.7 - 1 / 3) / (2 / 3))
    # The mean distance from level 0 is 0.2 + 0.2; of three levels from their middle it is 2/3.
    assert score_confidence([0.7, 0.2, 0.1]) == pytest.approx(1 - 0.4 / (2 / 3))
