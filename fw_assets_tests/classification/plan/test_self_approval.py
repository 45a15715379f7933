from __future__ import annotations

import pytest

from fw_assets.classification.plan.self_approval import approves_itself


@pytest.mark.parametrize(
    ("limit_usd", "high_usd", "lower_bound", "unused", "expected"),
    [
        (5.0, 5.0, False, (), True),
        (5.0, 5.01, False, (), False),
        (0.0, 0.0, False, (), True),
        (None, 0.0, False, (), False),
        (5.0, 1.0, True, (), False),
        (5.0, 1.0, False, ("sing a song",), False),
    ],
    ids=["at the limit", "too expensive", "free", "no limit given", "a price unknown", "a clause not understood"],
)
def test_a_plan_approves_itself_only_within_the_limit_with_all_prices_and_clauses_known(
    limit_usd: float | None, high_usd: float, lower_bound: bool, unused: tuple[str, ...], expected: bool
) -> None:
    assert approves_itself(limit_usd, high_usd, lower_bound, unused) is expected
