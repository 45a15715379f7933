from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fw_assets.report.schema.cost import CostPoint, mark_dominated


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, None]), st.sampled_from([0.5, 0.7, 0.9])), max_size=8))
def test_a_point_is_dominated_where_one_that_costs_no_more_is_shown_to_be_better(
    pairs: list[tuple[float | None, float]],
) -> None:
    points = tuple(
        CostPoint(name=str(i), kind="base", accuracy=a, interval=(a - 0.12, a + 0.12), usd_per_1000=c)
        for i, (c, a) in enumerate(pairs)
    )
    marked = mark_dominated(points)
    front = [p for p in marked if not p.dominated and p.usd_per_1000 is not None]
    priced = [p for p in marked if p.usd_per_1000 is not None]
    assert bool(front) == bool(priced)
    for point in priced:
        better = any(
            (q.usd_per_1000 or 0) <= (point.usd_per_1000 or 0) and q.accuracy - point.accuracy > 0.3 for q in priced
        )
        assert point.dominated == better
    assert not any(p.dominated for p in marked if p.usd_per_1000 is None)
